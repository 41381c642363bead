//! Forms as they are pasted, and what becomes of each.

use std::path::Path;

use super::addition::Addition;
use super::error::PackageError;
use super::form::Form;
use super::given::Given;
use super::question::{PackageAnswers, PackageQuestion};
use super::wishes::{WantedTransport, Wishes};
use crate::base::{Secret, ServerName};
use crate::config::Location;

mod bundles;
mod snippets;

/// Answers as they were given ahead; who asks for more gets nothing.
#[derive(Default)]
struct Ahead(Vec<(String, String)>);

impl PackageAnswers for Ahead {
    fn given(&mut self, key: &str) -> Vec<String> {
        let of_key = self.0.extract_if(.., |(known, _)| known == key);
        of_key.map(|(_, value)| value).collect()
    }

    fn ask(&mut self, _: &PackageQuestion) -> Option<Secret> {
        None
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn named(name: &str) -> Wishes {
    Wishes { name: ServerName::parse(name).ok(), ..Wishes::default() }
}

/// A home with a config directory.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        crate::base::file::make_dir(&home.0.path().join("conf.d")).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn location(&self) -> Location {
        Location::named(self.path())
    }

    fn plan(
        &self,
        text: &str,
        wishes: &Wishes,
        set: &[(&str, &str)],
    ) -> Result<Addition, PackageError> {
        Addition::plan(
            &self.location(),
            Given::Form(Form::of(text)?),
            wishes,
            &mut Ahead(pairs(set)),
        )
    }

    /// The files that would be written, one after the other.
    fn text(&self, text: &str, set: &[(&str, &str)]) -> String {
        let added = self.plan(text, &Wishes::default(), set);
        let added = added.unwrap_or_else(|error| panic!("{text}: {error}"));
        added.servers.iter().map(|server| &*server.text).collect()
    }

    fn refusal(&self, text: &str) -> String {
        match self.plan(text, &Wishes::default(), &[]) {
            Ok(added) => panic!("{text}: {:?}", added.servers),
            Err(PackageError::Config(complaints)) => format!("{complaints:?}"),
            Err(error) => error.to_string(),
        }
    }
}

#[test]
fn what_is_said_beside_a_form_holds() {
    let home = Home::new();
    let text =
        r#"{"mcpServers": {"one": {"command": "sh"}, "two": {"url": "https://two.example/mcp"}}}"#;
    let all = home.plan(text, &Wishes::default(), &[]).unwrap();
    assert_eq!(all.servers.len(), 2);
    let two = Wishes {
        headers: pairs(&[("X-A", "b")]),
        transport: Some(WantedTransport::Sse),
        ..named("two")
    };
    let one = home.plan(text, &two, &[]).unwrap();
    let text_of_two = &one.servers[0].text;
    assert!(
        text_of_two.contains("transport = \"sse\"") && text_of_two.contains("X-A = \"b\""),
        "{text_of_two}"
    );
    let three = home.plan(text, &named("three"), &[]).unwrap_err().to_string();
    assert!(three.contains("there is no three in it, but one, two"), "{three}");
    let error = home
        .plan(text, &Wishes { prefix: Some("p".into()), ..Wishes::default() }, &[])
        .unwrap_err();
    assert!(error.to_string().contains("several servers"), "{error}");
    let one = "{\"command\": \"sh\", \"args\": [\"-c\", \"x\"]}";
    let renamed = home.plan(one, &named("mine"), &[]).unwrap();
    assert!(
        renamed.servers[0].text.contains("[servers.mine]\ncommand = \"/"),
        "{:?}",
        renamed.servers
    );
    let stdio = Wishes { transport: Some(WantedTransport::Stdio), ..Wishes::default() };
    for (text, wishes) in [("https://a.example/mcp", &stdio), (one, &two)] {
        assert!(matches!(home.plan(text, wishes, &[]), Err(PackageError::Usage(_))), "{text}");
    }
}

#[test]
fn what_is_there_stays_unless_it_is_ours_and_may_go() {
    let home = Home::new();
    let location = home.location();
    let mut added = home.plan("https://notes.example/mcp", &Wishes::default(), &[]).unwrap();
    added.write(&location).unwrap();
    let again = home.refusal("https://notes.example/other");
    assert!(
        again.contains("there is a server notes already") && again.contains("--force"),
        "{again}"
    );
    let force = Wishes { replaces: true, ..Wishes::default() };
    assert!(home.plan("https://notes.example/other", &force, &[]).is_ok());
    let file = home.path().join("conf.d/mine.toml");
    crate::base::file::replace(&file, b"[servers.mine]\nurl = \"https://mine.example/\"\n")
        .unwrap();
    let kept = home.plan("https://a.example/", &Wishes { replaces: true, ..named("mine") }, &[]);
    let kept = kept.unwrap_err().to_string();
    assert!(kept.contains("another name") && !kept.contains("--force"), "{kept}");
}
