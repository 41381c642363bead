//! A JSON object that is written again without some of its members.

use std::borrow::Cow;

/// What becomes of a member.
#[derive(Debug)]
pub(super) enum Fate {
    Stays,
    Becomes(String),
    Goes,
}

/// The members of an object in their order, and whether any is not as it was written.
#[derive(Debug)]
pub(super) struct Sketch<'d> {
    members: Vec<(Cow<'d, str>, Cow<'d, str>)>,
    has_changed: bool,
    /// A name that means something stood there several times.
    pub(super) has_repeated: bool,
}

impl<'d> Sketch<'d> {
    /// Asks `fate` about each member. Of those with one name, `fate` is asked about the last alone, and
    /// the others go, if `is_known` says that the name means something.
    pub(super) fn of(
        members: Vec<(Cow<'d, str>, &'d str)>,
        is_known: impl Fn(&str) -> bool,
        mut fate: impl FnMut(&str, &'d str) -> Fate,
    ) -> Self {
        let mut last: Vec<(Cow<'d, str>, usize)> = Vec::new();
        for (index, (name, _)) in members.iter().enumerate().filter(|(_, (name, _))| is_known(name))
        {
            match last.iter_mut().find(|(other, _)| other == name) {
                Some((_, at)) => *at = index,
                None => last.push((name.clone(), index)),
            }
        }
        let mut sketch = Self {
            members: Vec::with_capacity(members.len()),
            has_changed: false,
            has_repeated: false,
        };
        for (index, (name, value)) in members.into_iter().enumerate() {
            if last.iter().any(|(other, at)| *other == name && *at != index) {
                (sketch.has_changed, sketch.has_repeated) = (true, true);
                continue;
            }
            match fate(&name, value) {
                Fate::Stays => sketch.members.push((name, Cow::Borrowed(value))),
                Fate::Becomes(other) => {
                    sketch.members.push((name, Cow::Owned(other)));
                    sketch.has_changed = true;
                }
                Fate::Goes => sketch.has_changed = true,
            }
        }
        sketch
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut members = self.members.iter();
        members.find(|(other, _)| other == name).map(|(_, value)| &**value)
    }

    /// Puts a member before all others.
    pub(super) fn begin_with(&mut self, name: &'static str, value: String) {
        self.members.insert(0, (Cow::Borrowed(name), Cow::Owned(value)));
        self.has_changed = true;
    }

    /// The object as it is to be written; nothing if it stays as it was.
    pub(super) fn text(&self) -> Option<String> {
        let member =
            |(name, value): &(Cow<'_, str>, Cow<'_, str>)| format!("{}:{value}", quoted(name));
        let members: Vec<String> = self.members.iter().map(member).collect();
        self.has_changed.then(|| format!("{{{}}}", members.join(",")))
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
