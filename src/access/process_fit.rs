//! Whether the process that somebody asks from is one that a rule is about.
//!
//! It may not be known: over TCP, behind a proxy, in a container. Then a rule that allows is not about it, a rule
//! that denies is, and one that asks is, unless what comes after it denies.

use crate::base::Principal;
use crate::base::peer_facts::{KnownFact, PeerFact};
use crate::settings::access::Rule;
use crate::settings::{NamePatterns, ProcessPatterns};

/// How sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProcessFit {
    Yes,
    No,
    /// What is known says neither.
    Unknown,
}

/// How a rule fits the process that somebody asks from, which is looked at if the rule wants to know.
pub fn process_fit(rule: &Rule, whose: &Principal) -> ProcessFit {
    rule.process.as_deref().map_or(ProcessFit::Yes, |patterns| of(patterns, whose))
}

fn of(patterns: &ProcessPatterns, whose: &Principal) -> ProcessFit {
    let wanted = [
        (PeerFact::Exe, &patterns.exe),
        (PeerFact::Unit, &patterns.units),
        (PeerFact::Cwd, &patterns.cwd),
    ];
    let mut found = ProcessFit::Yes;
    for (fact, patterns) in wanted {
        let Some(patterns) = patterns else { continue };
        let nothing = KnownFact::default();
        let told = whose.peer().map_or(&nothing, |peer| peer.told(fact));
        match one(patterns, fact, told) {
            ProcessFit::Yes => {}
            ProcessFit::No => return ProcessFit::No,
            ProcessFit::Unknown => found = ProcessFit::Unknown,
        }
    }
    found
}

fn one(patterns: &NamePatterns, fact: PeerFact, told: &KnownFact) -> ProcessFit {
    let fits = |name: &str| match fact {
        PeerFact::Exe => patterns.allow_path(name),
        PeerFact::Unit | PeerFact::Cwd => patterns.allow(name),
    };
    match told.names.iter().any(|name| fits(name)) {
        true => ProcessFit::Yes,
        false if told.is_all => ProcessFit::No,
        false => ProcessFit::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{ProcessFit, process_fit};
    use crate::base::Principal;
    use crate::base::peer_facts::{KnownFact, PeerFact, PeerFacts};
    use crate::settings::access::Rule;
    use crate::settings::{NamePatterns, ProcessPatterns};
    use std::sync::Arc;

    #[derive(Debug)]
    struct Known(KnownFact, KnownFact, KnownFact);

    impl PeerFacts for Known {
        fn number(&self) -> u32 {
            1
        }

        fn told(&self, fact: PeerFact) -> &KnownFact {
            match fact {
                PeerFact::Exe => &self.0,
                PeerFact::Unit => &self.1,
                PeerFact::Cwd => &self.2,
            }
        }
    }

    fn told(names: &[&str], is_all: bool) -> KnownFact {
        KnownFact { names: names.iter().map(|&name| name.into()).collect(), is_all }
    }

    fn list(texts: &[&str]) -> Option<NamePatterns> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        (!texts.is_empty()).then(|| NamePatterns::new(texts))
    }

    #[test]
    fn a_process_fits_by_what_is_known_of_it() {
        use ProcessFit::{No, Unknown, Yes};
        let node = (&["/usr/bin/node", "/usr/local/bin/claude"][..], true);
        let titled = (&["/usr/bin/node"][..], false);
        let (scope, work, none) = ("app-a.scope", "/home/me/work/x", (&[][..], false));
        for (exe, units, cwd, process, expected) in [
            (&["claude"][..], &[][..], &[][..], node, Yes),
            (&["node"], &[], &[], node, Yes),
            (&["/usr/local/bin/*"], &[], &[], node, Yes),
            (&["cla*"], &[], &[], node, Yes),
            // A name is that of the file, and not a part of its path.
            (&["*bin*"], &[], &[], node, No),
            (&["local"], &[], &[], node, No),
            (&["codex", "claude"], &[], &[], node, Yes),
            (&["codex"], &[], &[], node, No),
            (&["codex"], &[], &[], titled, Unknown),
            (&["node"], &[], &[], titled, Yes),
            (&["claude"], &[], &[], none, Unknown),
            (&["*"], &[], &[], none, Unknown),
            (&["claude"], &["app-*.scope"], &["/home/me/work/*"], node, Yes),
            (&["claude"], &["app-*.service"], &[], node, No),
            (&["claude"], &[], &["/home/me/work"], node, No),
            (&[], &["app-a.scope"], &[], none, Yes),
            (&["claude"], &["app-a.scope"], &[], none, Unknown),
            // What is known to be otherwise is enough.
            (&["claude"], &["app-b.scope"], &[], none, No),
            (&[], &[], &[], none, Yes),
        ] {
            let patterns = ProcessPatterns { exe: list(exe), units: list(units), cwd: list(cwd) };
            let rule = Rule { process: patterns.some(), ..Rule::default() };
            let known =
                Known(told(process.0, process.1), told(&[scope], true), told(&[work], true));
            let who = Principal::user(1).at(Some(Arc::new(known)));
            assert_eq!(process_fit(&rule, &who), expected, "{exe:?} {units:?} {cwd:?} {process:?}");
            let expected = if rule.process.is_some() { Unknown } else { Yes };
            assert_eq!(process_fit(&rule, &Principal::user(1)), expected, "nothing is known");
        }
    }
}
