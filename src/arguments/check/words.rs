//! Says what is wrong.

use super::problem::Problem;
use super::rule::{Count, Node, Rule};
use super::walk::{Fault, FaultKind, PathStep};
use crate::arguments::coerce::push_name;
use crate::json::Json;

/// Characters of a name or a constant within a message.
const SHOWN_MAX: usize = 80;
/// Options of an `enum` within a message.
const OPTIONS_MAX: usize = 8;
/// Names that one is compared with.
const NAMES_MAX: usize = 200;
/// Faults that are put into words, said before or not.
const TOLD_MAX: usize = 64;

/// What the faults are, at most `max`, each once.
pub(super) fn problems(faults: Vec<Fault<'_>>, max: usize) -> Vec<Problem> {
    let mut teller = Teller { found: Vec::new(), max, left: TOLD_MAX };
    teller.all(faults);
    teller.found
}

struct Teller {
    found: Vec<Problem>,
    max: usize,
    left: usize,
}

impl Teller {
    fn all(&mut self, faults: Vec<Fault<'_>>) {
        for fault in faults {
            if self.found.len() >= self.max || self.left == 0 {
                return;
            }
            self.left -= 1;
            self.tell(fault);
        }
    }

    fn tell(&mut self, fault: Fault<'_>) {
        let message = match fault.kind {
            FaultKind::Missing(name, node) => missing(name, node, fault.value),
            FaultKind::Unknown(name, node) => unknown(name, node, fault.value),
            FaultKind::Name(name, why) => format!("the name {} {why}", shown(name)),
            FaultKind::Rule(rule) => sentence(rule, fault.value),
            FaultKind::Ways(mut ways) => match nearest_way(&ways, &fault.at) {
                Some(way) => return self.all(ways.swap_remove(way)),
                None => none_fits(&ways, &fault.at, fault.value),
            },
        };
        let problem = Problem { path: path_of(&fault.at), message };
        if !self.found.contains(&problem) {
            self.found.push(problem);
        }
    }
}

fn missing(name: &str, node: &Node, value: &Json) -> String {
    let given = value.as_object().unwrap_or_default().iter().map(|(name, _)| name.as_str());
    let near = nearest(name, given.filter(|given| !node.properties.contains_key(*given)));
    let instead = near.map(|near| format!("; {} is given instead", shown(near)));
    format!("{} is missing{}", shown(name), instead.unwrap_or_default())
}

fn unknown(name: &str, node: &Node, value: &Json) -> String {
    let given: Vec<_> = value.as_object().unwrap_or_default().iter().take(NAMES_MAX).collect();
    // A name that is given already was not meant.
    let is_free = |known: &&str| given.iter().all(|(name, _)| name != known);
    let known = node.properties.keys().map(String::as_str).take(NAMES_MAX);
    format!("{} is not known{}", shown(name), meant(nearest(name, known.filter(is_free))))
}

fn sentence(rule: &Rule, value: &Json) -> String {
    match rule {
        Rule::Type { kinds, .. } => wrong_type(kinds, value),
        Rule::Enum { options, .. } => wrong_option(options, value),
        Rule::Const { expected, .. } => format!("must be {}", shown_value(expected)),
        Rule::Minimum { limit, is_exclusive: false } => {
            format!("must be {} or more", limit.as_str())
        }
        Rule::Maximum { limit, is_exclusive: false } => {
            format!("must be {} or less", limit.as_str())
        }
        Rule::Minimum { limit, .. } => format!("must be more than {}", limit.as_str()),
        Rule::Maximum { limit, .. } => format!("must be less than {}", limit.as_str()),
        Rule::MultipleOf(of) => format!("must be a multiple of {}", of.as_str()),
        Rule::AtLeast(what, limit) => format!("must have at least {}", counted(*limit, *what)),
        Rule::AtMost(what, limit) => format!("must have at most {}", counted(*limit, *what)),
        Rule::Items { first, .. } => {
            format!("must have at most {}", counted(first.len() as u64, Count::Items))
        }
        Rule::Contains { least, most, .. } => {
            let most = most.map(|most| format!(" and at most {most}")).unwrap_or_default();
            let least = counted(*least, Count::Items);
            format!("must have at least {least}{most} of a form that is wanted")
        }
        Rule::Unique => "must not have the same item twice".to_owned(),
        Rule::Pattern(pattern) => format!("must match the pattern {}", shown(&pattern.text)),
        Rule::False => "must not be there".to_owned(),
        Rule::One(_) => "fits several alternatives, must fit one".to_owned(),
        _ => "has a form that is excluded".to_owned(),
    }
}

/// The one alternative that was probably meant: the value is of its kind, and no constant of it is
/// missed.
fn nearest_way(ways: &[Vec<Fault<'_>>], at: &[PathStep<'_>]) -> Option<usize> {
    let is_other_kind = |fault: &Fault<'_>| {
        matches!(fault.kind, FaultKind::Rule(Rule::Type { .. } | Rule::False)) && fault.at == at
    };
    let is_other_label = |fault: &Fault<'_>| {
        matches!(fault.kind, FaultKind::Rule(Rule::Const { .. } | Rule::Enum { .. }))
    };
    let of_kind = |way: &usize| !ways[*way].iter().any(is_other_kind);
    let kin: Vec<usize> = (0..ways.len()).filter(of_kind).collect();
    if let [only] = kin.as_slice() {
        return Some(*only);
    }
    let mut labelled = kin.into_iter().filter(|way| !ways[*way].iter().any(is_other_label));
    labelled.next().filter(|_| labelled.next().is_none())
}

fn none_fits(ways: &[Vec<Fault<'_>>], at: &[PathStep<'_>], value: &Json) -> String {
    let kinds_of = |way: &Vec<Fault<'_>>| {
        way.iter().find_map(|fault| match fault.kind {
            FaultKind::Rule(Rule::Type { kinds, .. }) if fault.at == at => Some(kinds.clone()),
            _ => None,
        })
    };
    match ways.iter().map(kinds_of).collect::<Option<Vec<_>>>() {
        Some(kinds) => wrong_type(&kinds.concat(), value),
        None => format!("fits none of {} alternatives", ways.len()),
    }
}

fn wrong_type(kinds: &[&str], value: &Json) -> String {
    let titles: Vec<&str> = kinds.iter().map(|kind| title(kind)).collect();
    let given = match value {
        // A number that is no integer is best shown.
        Json::Number(_) => shown_value(value),
        other => other.title().to_owned(),
    };
    format!("must be {}, not {given}", titles.join(" or "))
}

/// A type's name with its article.
fn title(kind: &str) -> &str {
    match kind {
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "string" => "a string",
        "array" => "an array",
        "object" => "an object",
        other => other,
    }
}

fn wrong_option(options: &[Json], value: &Json) -> String {
    let rest = options.len().saturating_sub(OPTIONS_MAX);
    let mut listed: Vec<String> = options.iter().take(OPTIONS_MAX).map(shown_value).collect();
    listed.extend((rest > 0).then(|| format!("{rest} more")));
    let near =
        value.as_str().and_then(|text| nearest(text, options.iter().filter_map(Json::as_str)));
    format!("must be one of {}{}", listed.join(", "), meant(near))
}

fn meant(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean {}?", shown(name))).unwrap_or_default()
}

/// The name that could have been meant by `name`: alike but for case and signs between words, or
/// with few slips.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // Long names are no slips, and comparing them is not free.
    let plain = |name: &str| {
        let letters = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        letters.take(SHOWN_MAX).collect::<String>()
    };
    let wanted = plain(name);
    let distance = |known: &'n str| (strsim::damerau_levenshtein(&wanted, &plain(known)), known);
    let (slips, best) = names.take(NAMES_MAX).map(distance).min_by_key(|(slips, _)| *slips)?;
    (slips <= 3.min(wanted.chars().count() / 3)).then_some(best)
}

fn counted(count: u64, what: Count) -> String {
    let what = match what {
        Count::Characters => "character",
        Count::Items => "item",
        Count::Members => "member",
    };
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn shown(text: &str) -> String {
    clipped(&Json::from(text).to_string())
}

fn shown_value(value: &Json) -> String {
    clipped(&value.to_string())
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn path_of(at: &[PathStep<'_>]) -> String {
    let mut path = String::new();
    for step in at {
        match step {
            PathStep::Name(name) => push_name(&mut path, name),
            PathStep::Index(index) => path += &format!("[{index}]"),
        }
    }
    path
}
