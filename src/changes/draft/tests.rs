use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Draft, SectionWish, Wish};
use crate::base::file;
use crate::changes::ChangeError;
use crate::changes::section::SectionName;
use crate::changes::versions::Versions;
use crate::config::Location;

const THEIRS: &str = "\
# All of it is mine.
list_timeout = \"1m\"

[servers.notes]   # by hand
command = \"notes\"
env = { TOKEN = \"hunter2\", LEVEL = \"1\" }
call_timeout = \"5m\"  # slow
";

struct Place {
    _dir: tempfile::TempDir,
    location: Location,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap().join("callmux");
    file::make_dir(&path).unwrap();
    file::replace(&path.join("config.toml"), THEIRS.as_bytes()).unwrap();
    Place { _dir: dir, location: Location::named(&path) }
}

fn keys(value: Value) -> Map<String, Value> {
    if let Value::Object(keys) = value { keys } else { panic!("{value}") }
}

impl Place {
    fn draft(&self, name: &str, wish: Wish) -> Result<Draft, ChangeError> {
        let section = SectionName::parse("servers", name).unwrap();
        Draft::of(&self.location, &[SectionWish { section, wish }])
    }

    fn change(&self, name: &str, wish: Wish) -> Vec<String> {
        let draft = self.draft(name, wish).unwrap();
        let paths = draft.files.iter().map(|file| {
            let below = file.path.strip_prefix(self.location.path()).unwrap();
            below.display().to_string()
        });
        let paths = paths.collect();
        self.versions().write(draft.files, ("user 1", "a change")).unwrap();
        paths
    }

    fn versions(&self) -> Versions {
        Versions::below(&self.location.path().join("../state"), &self.location)
    }

    fn read(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.location.path().join(path)).ok()
    }

    fn keys(&self, name: &str) -> Option<Value> {
        let texts = self.location.texts().unwrap();
        let merged = crate::config::load::merge(&texts).unwrap();
        let section = super::Section::find(&merged, ["servers", name])?;
        Some(Value::Object(section.keys))
    }
}

#[test]
fn what_is_somebodys_own_is_changed_beside_it_and_back() {
    let place = place();
    let files = place.change("notes", Wish::Merge(keys(json!({ "env": { "LEVEL": "2" } }))));
    assert_eq!(files, ["patch.d/servers.notes.toml"]);
    assert_eq!(
        place.keys("notes").unwrap(),
        json!({ "command": "notes", "call_timeout": "5m", "env": { "TOKEN": "hunter2", "LEVEL": "2" } })
    );
    let patch = place.read("patch.d/servers.notes.toml").unwrap();
    assert!(patch.contains("env = { LEVEL = \"2\" }") && !patch.contains("hunter2"), "{patch}");
    // Keys go and come, and what is not meant stays.
    place.change("notes", Wish::Merge(keys(json!({ "call_timeout": null, "enabled": false }))));
    let patch = place.read("patch.d/servers.notes.toml").unwrap();
    assert!(patch.contains("unset = [\"servers.notes.call_timeout\"]"), "{patch}");
    assert!(patch.contains("LEVEL") && patch.contains("enabled = false"), "{patch}");
    place.change("notes", Wish::Delete);
    assert_eq!(place.keys("notes"), None);
    place.change(
        "notes",
        Wish::Put(keys(json!({
            "command": "notes", "call_timeout": "5m", "env": { "TOKEN": "hunter2", "LEVEL": "1" },
        }))),
    );
    assert_eq!(place.read("patch.d/servers.notes.toml"), None, "it is as it was");
    for _ in 0..4 {
        place.versions().undo().unwrap();
        assert_eq!(place.read("config.toml").unwrap(), THEIRS, "theirs is theirs");
    }
    assert!(matches!(place.versions().undo(), Err(ChangeError::NothingToUndo)));
    assert_eq!(place.read("patch.d/servers.notes.toml"), None);
}

#[test]
fn what_is_new_has_a_file_of_its_own_whose_comments_stay() {
    let place = place();
    let files =
        place.change("clock", Wish::Put(keys(json!({ "command": "clock", "args": ["-u"] }))));
    assert_eq!(files, ["conf.d/clock.toml"]);
    let path = place.location.path().join("conf.d/clock.toml");
    let text = place.read("conf.d/clock.toml").unwrap();
    assert!(text.ends_with("[servers.clock]\ncommand = \"clock\"\nargs = [\"-u\"]\n"), "{text}");
    let commented = text.replace("args =", "# In UTC.\nargs =");
    file::replace(&path, commented.as_bytes()).unwrap();
    place.change("clock", Wish::Merge(keys(json!({ "args": ["-l"], "lazy": true }))));
    let text = place.read("conf.d/clock.toml").unwrap();
    assert!(text.contains("# In UTC.\nargs = [\"-l\"]\nlazy = true\n"), "{text}");
    // Who else changed it since loses nothing.
    file::replace(&path, b"[servers.clock]\ncommand = \"other\"\n").unwrap();
    assert!(matches!(place.versions().undo(), Err(ChangeError::Moved(_))));
    file::replace(&path, text.as_bytes()).unwrap();
    place.change("clock", Wish::Delete);
    assert_eq!(place.read("conf.d/clock.toml"), None);
    place.versions().undo().unwrap();
    assert_eq!(place.read("conf.d/clock.toml").unwrap(), text);
}

#[test]
fn what_is_hidden_stays_what_it_is() {
    let place = place();
    let hidden = json!({ "command": "notes", "env": { "TOKEN": "(hidden)", "LEVEL": "3" } });
    place.change("notes", Wish::Put(keys(hidden)));
    let now = place.keys("notes").unwrap();
    assert_eq!(now["env"], json!({ "TOKEN": "hunter2", "LEVEL": "3" }));
    assert!(!place.read("patch.d/servers.notes.toml").unwrap().contains("hunter2"));
    for sent in [
        json!({ "command": "x", "env": { "OTHER": "(hidden)" } }),
        json!({ "command": "(hidden)" }),
        json!({ "url": "https://a.example/?(hidden)" }),
    ] {
        let refused = place.draft("notes", Wish::Put(keys(sent))).unwrap_err();
        assert!(matches!(refused, ChangeError::Hidden(_)), "{refused}");
    }
}

#[test]
fn what_would_be_no_config_is_refused_with_its_place() {
    let place = place();
    for sent in [json!({ "comand": "x" }), json!({}), json!({ "command": "x", "call_timeout": 3 })]
    {
        let refused = place.draft("other", Wish::Put(keys(sent))).unwrap_err();
        let ChangeError::Config(complaints) = refused else { panic!("{refused}") };
        assert!(complaints[0].at.file.ends_with("conf.d/other.toml"), "{complaints:?}");
    }
    let null = place.draft("other", Wish::Put(keys(json!({ "command": null })))).unwrap_err();
    assert!(matches!(null, ChangeError::Value(_)), "{null}");
    let gone = place.draft("other", Wish::Delete).unwrap_err();
    assert!(matches!(gone, ChangeError::Unknown { .. }), "{gone}");
    for name in ["", "../x", "a.b", "a b", &"x".repeat(65)] {
        assert!(SectionName::parse("servers", name).is_err(), "{name}");
    }
    assert!(SectionName::parse("access", "x").is_err());
    assert_eq!(place.versions().list().unwrap().len(), 0, "nothing was written");
    assert!(!Path::new(&place.location.path().join("conf.d")).exists());
}

#[test]
fn a_config_of_one_file_is_left_to_its_person() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().canonicalize().unwrap().join("one.toml");
    file::replace(&path, THEIRS.as_bytes()).unwrap();
    let section = SectionName::parse("servers", "notes").unwrap();
    let change = SectionWish { section, wish: Wish::Delete };
    let refused = Draft::of(&Location::named(&path), &[change]).unwrap_err();
    assert!(matches!(refused, ChangeError::OneFile(_)), "{refused}");
}
