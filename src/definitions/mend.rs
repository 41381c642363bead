//! Definitions that are slightly wrong, made right.
//!
//! Clients check whole lists: one member of one definition that is not as the schema of MCP types it costs
//! some of them the tools of all servers. What is optional and wrong goes, what can mean one thing only is
//! written so, and a definition that is right stays as it is, byte for byte.

use std::borrow::Cow;
use std::collections::HashSet;

use super::changes::Changes;
use super::error::{Hopeless, Misfit};
use super::known::{self, Known, Shape};
use super::moment::is_moment;
use super::schemas::{self, OutputSchema};
use super::sketch::{Fate, Sketch, quoted};
use crate::wire::{ListKind, object};

/// A definition that every client can read.
#[derive(Debug)]
pub struct Mended<'d> {
    pub text: Cow<'d, str>,
    /// What was changed, for people.
    pub changes: Vec<String>,
    /// Its output schema is one that no legacy client can read.
    pub is_output_modern: bool,
}

/// The definition as everybody can read it. `ids`: those of output schemas of the same list.
pub fn mended<'d>(
    kind: ListKind,
    definition: &'d str,
    ids: &mut HashSet<String>,
) -> Result<Mended<'d>, Hopeless> {
    let mut mender = Mender { changes: Changes::default(), ids, is_output_modern: false };
    let mut hopeless = None;
    let known = known::of(kind);
    let mut sketch = mender.object(object::all(definition), known, "", &mut hopeless);
    if let Some(hopeless) = hopeless {
        return Err(hopeless);
    }
    if kind == ListKind::Tools && sketch.get("inputSchema").is_none() {
        return Err(Hopeless::NoInput);
    }
    if matches!(kind, ListKind::Resources | ListKind::Templates) && sketch.get("name").is_none() {
        let shown = sketch.get("title").or_else(|| sketch.get(kind.key()));
        let shown = shown.map_or_else(|| quoted("?"), str::to_owned);
        sketch.begin_with("name", shown);
        mender.changes.tell(|| "it has no `name`; its title or address stands there".to_owned());
    }
    Ok(Mended {
        text: sketch.text().map_or(Cow::Borrowed(definition), Cow::Owned),
        changes: mender.changes.into_told(),
        is_output_modern: mender.is_output_modern,
    })
}

struct Mender<'i> {
    changes: Changes,
    ids: &'i mut HashSet<String>,
    is_output_modern: bool,
}

impl Mender<'_> {
    /// An object with known members. `place`: what stands before their names when one is told of.
    fn object<'d>(
        &mut self,
        members: Vec<(Cow<'d, str>, &'d str)>,
        known: &[Known],
        place: &str,
        hopeless: &mut Option<Hopeless>,
    ) -> Sketch<'d> {
        let find = |name: &str| known.iter().find(|known| known.name == name);
        let sketch = Sketch::of(
            members,
            |name| find(name).is_some(),
            |name, value| {
                let Some(known) = find(name) else { return Fate::Stays };
                match self.member(value, known.shape, &format_args!("{place}{name}"), hopeless) {
                    Ok(fate) => fate,
                    Err(wrong) => {
                        let wrong = if value == "null" { Misfit::Null } else { wrong };
                        self.changes
                            .tell(|| format!("its `{place}{name}` is {wrong} and is left out"));
                        Fate::Goes
                    }
                }
            },
        );
        if sketch.has_repeated {
            self.changes
                .tell(|| "a member of it stands there twice; the last one counts".to_owned());
        }
        sketch
    }

    /// What becomes of a member's value, or what it is not.
    fn member(
        &mut self,
        value: &str,
        shape: Shape,
        name: &dyn std::fmt::Display,
        hopeless: &mut Option<Hopeless>,
    ) -> Result<Fate, Misfit> {
        let right = |is_right: bool, wrong| if is_right { Ok(Fate::Stays) } else { Err(wrong) };
        let is_one = |json: &str, texts: &[&str]| {
            object::string(json).is_some_and(|text| texts.contains(&&*text))
        };
        match shape {
            Shape::Text => right(object::string(value).is_some(), Misfit::NoText),
            Shape::Flag => right(matches!(value, "true" | "false"), Misfit::NoFlag),
            Shape::Object => right(object::is_object(value), Misfit::NoObject),
            Shape::Whole => right(is_whole(value), Misfit::NoWhole),
            Shape::Share => right(is_share(value), Misfit::NoShare),
            Shape::Moment => {
                let text = object::string(value);
                right(text.is_some_and(|text| is_moment(&text)), Misfit::NoMoment)
            }
            Shape::OneOf(texts) => right(is_one(value, texts), Misfit::NoWord),
            Shape::Texts => {
                let is_right =
                    all_of(value, |item| object::string(item).is_some()).ok_or(Misfit::NoList)?;
                right(is_right, Misfit::NoTexts)
            }
            Shape::SomeOf(texts) => {
                let is_right = all_of(value, |item| is_one(item, texts)).ok_or(Misfit::NoList)?;
                right(is_right, Misfit::NoWords)
            }
            Shape::Members(known) => {
                if !object::is_object(value) {
                    return Err(Misfit::NoObject);
                }
                let sketch = self.object(object::all(value), known, &format!("{name}."), hopeless);
                Ok(sketch.text().map_or(Fate::Stays, Fate::Becomes))
            }
            Shape::List(known) => self.list(value, known, &format!("{name}[]"), hopeless),
            Shape::Input => match schemas::input(value, &mut self.changes) {
                Ok(None) => Ok(Fate::Stays),
                Ok(Some(other)) => Ok(Fate::Becomes(other)),
                Err(reason) => {
                    hopeless.get_or_insert(reason);
                    Ok(Fate::Stays)
                }
            },
            Shape::Output => Ok(self.output(value)),
        }
    }

    fn list(
        &mut self,
        value: &str,
        known: &[Known],
        name: &str,
        hopeless: &mut Option<Hopeless>,
    ) -> Result<Fate, Misfit> {
        let items = object::items(value).ok_or(Misfit::NoList)?;
        let (mut kept, mut has_changed) = (Vec::with_capacity(items.len()), false);
        for item in items {
            if !object::is_object(item) {
                self.changes.tell(|| format!("one of its `{name}` is no object and is left out"));
                has_changed = true;
                continue;
            }
            let sketch = self.object(object::all(item), known, &format!("{name}."), hopeless);
            let missing = known.iter().find(|it| it.is_required && sketch.get(it.name).is_none());
            if let Some(missing) = missing {
                let missing = missing.name;
                self.changes
                    .tell(|| format!("one of its `{name}` has no `{missing}` and is left out"));
                has_changed = true;
                continue;
            }
            let text = sketch.text();
            has_changed |= text.is_some();
            kept.push(text.map_or(Cow::Borrowed(item), Cow::Owned));
        }
        Ok(if has_changed { Fate::Becomes(format!("[{}]", kept.join(","))) } else { Fate::Stays })
    }

    fn output(&mut self, value: &str) -> Fate {
        match schemas::output(value, self.ids) {
            Ok(OutputSchema { text, is_modern }) => {
                self.is_output_modern = is_modern;
                text.map_or(Fate::Stays, Fate::Becomes)
            }
            Err(reason) => {
                self.changes.tell(|| format!("its `outputSchema` is left out: {reason}"));
                Fate::Goes
            }
        }
    }
}

fn all_of(list: &str, is_right: impl Fn(&str) -> bool) -> Option<bool> {
    object::items(list).map(|items| items.into_iter().all(is_right))
}

fn is_whole(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_share(json: &str) -> bool {
    !json.starts_with('"') && json.parse().is_ok_and(|share: f64| (0.0..=1.0).contains(&share))
}
