//! From a text to a condition.

use super::{Filter, FilterError, Operator};
use crate::json::{Json, Path};

/// More comparisons than anybody writes, few enough for any number of items.
const TERMS_MAX: usize = 32;

/// How deep parentheses and negations may lie in each other.
const DEPTH_MAX: usize = 32;

const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Filter {
    /// Reads a condition with at most 32 comparisons.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = FilterParser { text, at: 0, terms: 0, depth: 0 };
        let filter = parser.any()?;
        if parser.rest().is_empty() {
            Ok(filter)
        } else {
            Err(parser.wrong("expected `and` or `or`"))
        }
    }
}

struct FilterParser<'a> {
    text: &'a str,
    at: usize,
    terms: usize,
    depth: usize,
}

impl<'a> FilterParser<'a> {
    /// What is still to be read, without white space before it.
    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn wrong(&self, what: impl Into<String>) -> FilterError {
        FilterError { what: what.into(), at: self.text[..self.at].chars().count() }
    }

    fn take(&mut self, sign: &str) -> bool {
        let is_there = self.rest().starts_with(sign);
        self.at += if is_there { sign.len() } else { 0 };
        is_there
    }

    /// Takes a word, in capitals or not, unless it is the beginning of a name.
    fn take_word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let is_there = rest.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
        let goes_on = |next: char| next.is_alphanumeric() || matches!(next, '_' | '.' | '[' | '-');
        if !is_there || rest[word.len()..].starts_with(goes_on) {
            return false;
        }
        self.at += word.len();
        true
    }

    fn any(&mut self) -> Result<Filter, FilterError> {
        let mut filters = vec![self.all()?];
        while self.take_word("or") {
            filters.push(self.all()?);
        }
        Ok(one_or(filters, Filter::Any))
    }

    fn all(&mut self) -> Result<Filter, FilterError> {
        let mut filters = vec![self.one()?];
        while self.take_word("and") {
            filters.push(self.one()?);
        }
        Ok(one_or(filters, Filter::All))
    }

    fn one(&mut self) -> Result<Filter, FilterError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("conditions lie too deep in each other"));
        }
        let filter = if self.take_word("not") {
            Filter::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let filter = self.any()?;
            if !self.take(")") {
                return Err(self.wrong("expected `)`, `and` or `or`"));
            }
            filter
        } else {
            self.term()?
        };
        self.depth -= 1;
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, FilterError> {
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(self.wrong(format!("more than {TERMS_MAX} comparisons")));
        }
        let path = self.path()?;
        let operator = self.operator()?;
        let value = self.literal()?;
        Ok(Filter::Test { path, operator, value })
    }

    fn path(&mut self) -> Result<Path, FilterError> {
        let rest = self.rest();
        let end = path_end(rest);
        if end == 0 {
            return Err(self.wrong("expected the path of a member"));
        }
        let path = Path::parse(&rest[..end]).map_err(|error| self.wrong(error.to_string()))?;
        self.at += end;
        Ok(path)
    }

    fn operator(&mut self) -> Result<Operator, FilterError> {
        for (sign, operator) in OPERATORS {
            if self.take(sign) {
                return Ok(operator);
            }
        }
        if self.take_word("contains") {
            return Ok(Operator::Contains);
        }
        Err(self.wrong("expected one of == != < <= > >= contains"))
    }

    fn literal(&mut self) -> Result<Json, FilterError> {
        let rest = self.rest();
        if let Some(inner) = rest.strip_prefix('\'') {
            let end = inner.find('\'').ok_or_else(|| self.wrong("a text without an end"))?;
            self.at += end + 2;
            return Ok(inner[..end].into());
        }
        let end = literal_end(rest);
        let value = Json::parse(&rest[..end]).map_err(|_| {
            self.wrong("expected a text in quotes, a number, true, false, null, or an array")
        })?;
        self.at += end;
        Ok(value)
    }
}

fn one_or(mut filters: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    if filters.len() == 1 { filters.remove(0) } else { many(filters) }
}

/// Where a path ends: at white space, an operator or a parenthesis that is not between brackets.
fn path_end(text: &str) -> usize {
    let mut quote = None;
    let mut is_bracket = false;
    let ends = |char: char| match (quote, char) {
        (Some(open), _) if open == char => {
            quote = None;
            false
        }
        (Some(_), _) => false,
        (None, '"' | '\'') if is_bracket => {
            quote = Some(char);
            false
        }
        (None, '[' | ']') => {
            is_bracket = char == '[';
            false
        }
        (None, '=' | '!' | '<' | '>' | '(' | ')') => true,
        (None, _) => char.is_whitespace(),
    };
    text.find(ends).unwrap_or(text.len())
}

/// Where a literal of JSON ends.
fn literal_end(text: &str) -> usize {
    let mut is_text = false;
    let mut is_escaped = false;
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        if is_text {
            let is_end = char == '"' && !is_escaped;
            is_escaped = char == '\\' && !is_escaped;
            is_text = !is_end;
            if is_end && depth == 0 {
                return at + 1;
            }
            continue;
        }
        match char {
            '"' => is_text = true,
            '[' | '{' => depth += 1,
            ']' | '}' if depth <= 1 => return at + 1,
            ']' | '}' => depth -= 1,
            ')' if depth == 0 => return at,
            _ if depth == 0 && char.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Filter, Operator};
    use crate::json::Path;

    #[test]
    fn and_binds_closer_than_or() {
        let test = |name: &str| Filter::Test {
            path: Path::parse(name).unwrap(),
            operator: Operator::Equal,
            value: 1usize.into(),
        };
        let parsed = Filter::parse("a == 1 or b == 1 and not c == 1").unwrap();
        let both = Filter::All(vec![test("b"), Filter::Not(Box::new(test("c")))]);
        assert_eq!(parsed, Filter::Any(vec![test("a"), both]));
        assert_eq!(Filter::parse(" ( ( a==1 ) ) ").unwrap(), test("a"));
    }

    #[test]
    fn errors_say_where() {
        for (text, at, what) in [
            ("", 0, "expected the path of a member"),
            ("a", 1, "expected one of == != < <= > >= contains"),
            ("a = 1", 2, "expected one of"),
            ("a ==", 4, "expected a text in quotes"),
            ("ä == open", 5, "expected a text in quotes"),
            ("a == \"x", 5, "expected a text in quotes"),
            ("a == 'x", 5, "a text without an end"),
            ("a == 1 b == 2", 7, "expected `and` or `or`"),
            ("a == 1 and", 10, "expected the path"),
            ("(a == 1", 7, "expected `)`"),
            ("a == 1)", 6, "expected `and` or `or`"),
            ("a..b == 1", 0, "a name in a path is empty"),
            ("== 1", 0, "expected the path"),
        ] {
            let error = Filter::parse(text).unwrap_err();
            assert!(error.at == at && error.what.starts_with(what), "{text}: {error}");
        }
    }

    #[test]
    fn conditions_are_bounded() {
        let terms = |count: usize| vec!["a == 1"; count].join(" and ");
        assert!(Filter::parse(&terms(32)).is_ok());
        assert!(Filter::parse(&terms(33)).unwrap_err().what.contains("32"));
        assert!(Filter::parse(&format!("{}a == 1", "not ".repeat(40))).is_err());
        assert!(Filter::parse(&"(".repeat(100_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in r#"[ab.$\[\]"'()=<>!1-9,{}\\é ]{0,20}|(not|and|or|a==1|[()]| ){0,12}"#) {
            if let Err(error) = Filter::parse(&text) {
                prop_assert!(error.at <= text.chars().count());
            }
        }
    }
}
