//! Which tools a client lists, and how they are written: what `exposure = "auto"` comes to.

use super::name_patterns::NamePatterns;
use super::view::{Exposure, View};
use crate::compression::Compression;

/// Up to so many tokens, the definitions of all servers' tools are listed, and no longer than they need be.
const FULL_MAX: usize = 5_000;
/// Up to so many, each tool of ours would cost more than what the others are shortened by.
const FEW_MAX: usize = 3_000;
/// And up to so many with no more than names cannot say. What is more is found by search.
const SHORT_MAX: usize = 8_000;
/// How far the tokens may come from those it was chosen by before it is chosen anew: a list that moves under a
/// session costs it its cache of the prompt.
const SLACK: usize = 2;
/// Characters of a description where all tools are listed.
const DESCRIPTION_MAX: usize = 320;

/// Our own tools where few others are listed: without it a large result could not be read.
const BESIDE_FEW: [&str; 1] = ["callmux_get_result"];
/// And where all others are: nothing has to be found.
const BESIDE_ALL: [&str; 2] = ["callmux_get_result", "callmux_parallel"];
/// And where the client loads the others on demand.
const BESIDE: [&str; 3] = ["callmux_get_result", "callmux_parallel", "callmux_search_tools"];
/// And where others may have to be called by their name.
const BEFORE: [&str; 4] =
    ["callmux_call", "callmux_get_result", "callmux_parallel", "callmux_search_tools"];

/// What one kind of client lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Menu {
    /// Never [`Exposure::Auto`].
    pub exposure: Exposure,
    pub compression: Compression,
    /// In characters, where definitions are compressed.
    pub max_description: usize,
    pub meta_tools: NamePatterns,
    /// Whether our own tools are to be there from the beginning with a client that loads others on demand.
    pub pins_own: bool,
    /// What it was chosen by: the tokens of all definitions. `None`: the config says it.
    pub chosen_by: Option<usize>,
}

impl View {
    /// The menu of a client with this view, where the definitions of all tools have so many tokens. `before`: the
    /// one that it has, which stays while the tokens are about what they were.
    pub fn menu(&self, tokens: usize, before: Option<&Menu>) -> Menu {
        if self.exposure != Exposure::Auto {
            return Menu {
                exposure: self.exposure,
                compression: self.schema_compression,
                max_description: self.max_description,
                meta_tools: self.meta_tools.clone(),
                pins_own: false,
                chosen_by: None,
            };
        }
        let near = |chosen: &usize| tokens <= chosen * SLACK && *chosen <= tokens * SLACK;
        let chosen = before.and_then(|menu| menu.chosen_by).filter(near).unwrap_or(tokens);
        let own = |names: &[&str]| match &self.meta_tools {
            some if *some != NamePatterns::all() => some.clone(),
            _ => NamePatterns::new(names.iter().map(|name| (*name).to_owned()).collect()),
        };
        let (exposure, usual, own) = if self.defers {
            (Exposure::Full, Compression::Off, own(&BESIDE))
        } else if chosen <= FEW_MAX {
            (Exposure::Full, Compression::Balanced, own(&BESIDE_FEW))
        } else if chosen <= FULL_MAX {
            (Exposure::Full, Compression::Balanced, own(&BESIDE_ALL))
        } else if chosen <= SHORT_MAX {
            (Exposure::Full, Compression::Aggressive, own(&BEFORE))
        } else {
            (Exposure::Hybrid, Compression::Balanced, own(&BEFORE))
        };
        let is_said = self.schema_compression != Compression::Off;
        Menu {
            exposure,
            compression: if is_said { self.schema_compression } else { usual },
            max_description: if is_said { self.max_description } else { DESCRIPTION_MAX },
            meta_tools: own,
            pins_own: self.defers,
            chosen_by: Some(chosen),
        }
    }
}

impl Menu {
    /// Whether tools of servers are there that are not listed.
    pub fn hides(&self) -> bool {
        matches!(self.exposure, Exposure::Hybrid | Exposure::MetaOnly)
    }

    /// What was chosen, and why, in a few words: `hybrid (auto: all tools have 58210 tokens)`.
    pub fn title(&self) -> String {
        match self.chosen_by {
            None => self.exposure.as_str().to_owned(),
            Some(_) if self.pins_own => {
                format!("{} (auto: the client loads tools on demand)", self.exposure.as_str())
            }
            Some(tokens) => {
                format!("{} (auto: all tools have about {tokens} tokens)", self.exposure.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Compression, Exposure, Menu, NamePatterns, View};

    fn view() -> View {
        let schema_compression = Compression::Off;
        View { schema_compression, meta_tools: NamePatterns::all(), ..View::default() }
    }

    fn short(menu: &Menu) -> (Exposure, Compression, bool) {
        (menu.exposure, menu.compression, menu.meta_tools.allow("callmux_call"))
    }

    #[test]
    fn what_all_tools_cost_decides() {
        for (tokens, expected) in [
            (0, (Exposure::Full, Compression::Balanced, false)),
            (5_000, (Exposure::Full, Compression::Balanced, false)),
            (5_001, (Exposure::Full, Compression::Aggressive, true)),
            (8_000, (Exposure::Full, Compression::Aggressive, true)),
            (8_001, (Exposure::Hybrid, Compression::Balanced, true)),
        ] {
            assert_eq!(short(&view().menu(tokens, None)), expected, "{tokens}");
        }
        let deferring = View { defers: true, ..view() }.menu(100_000, None);
        assert_eq!(short(&deferring), (Exposure::Full, Compression::Off, false));
        assert!(deferring.pins_own);
    }

    #[test]
    fn it_stays_while_about_as_much_is_there() {
        let first = view().menu(3_500, None);
        let then = view().menu(6_500, Some(&first));
        assert_eq!(then, first);
        assert_eq!(view().menu(7_500, Some(&then)).compression, Compression::Aggressive);
        // What was chosen before any server was there says nothing.
        let none = view().menu(0, None);
        assert_eq!(view().menu(20_000, Some(&none)).exposure, Exposure::Hybrid);
    }

    #[test]
    fn what_the_config_says_holds() {
        let some = NamePatterns::new(vec!["callmux_batch".to_owned()]);
        let said = View {
            meta_tools: some.clone(),
            schema_compression: Compression::Aggressive,
            max_description: 50,
            ..view()
        };
        let menu = said.menu(10, None);
        assert_eq!(
            (menu.meta_tools, menu.compression, menu.max_description),
            (some, Compression::Aggressive, 50)
        );
        let full = View { exposure: Exposure::Full, ..view() }.menu(100_000, None);
        assert_eq!((full.exposure, full.chosen_by), (Exposure::Full, None));
    }
}
