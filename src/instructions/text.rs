//! What an agent should know about callmux: as a text for its rules, and as a sentence for its session.

use crate::compression::cut;
use crate::settings::{Exposure, Menu, View};

/// More tokens than any choice lists: the rules of an agent are about what it may ever be shown of ours.
const MANY: usize = 1_000_000;

/// The text of `callmux instructions`, in Markdown.
pub fn markdown(client: &str, view: &View) -> String {
    // An agent that is told of a tool which its client does not list cannot call it.
    let own = view.menu(MANY, None).meta_tools;
    let has = |tool: &str| view.exposure != Exposure::NoMeta && own.allow(tool);
    let mut lines = vec![
        "# callmux".to_owned(),
        String::new(),
        format!("Client: {client}. Tools: {}.", view.exposure.as_str()),
        String::new(),
        "- Tools of all MCP servers come through callmux and are named `server__tool`.".to_owned(),
    ];
    lines.extend(session(&view.menu(0, None), Vec::new).map(|sentence| format!("- {sentence}")));
    let mut about = |tool: &str, text: &str| {
        if has(tool) {
            lines.push(format!("- `{tool}`: {text}"));
        }
    };
    about(
        "callmux_parallel",
        "several independent calls in one turn. Results come in the order of `calls`; \
         `failedIndexes` says which to repeat.",
    );
    about(
        "callmux_batch",
        "one tool for many items: `{\"tool\": …, \"items\": [{\"arguments\": {…}}, …]}`.",
    );
    about(
        "callmux_pipeline",
        "calls that need each other's results. `inputMapping` takes `$text`, `$json.path`, \
         `$steps[0].json.path`, or `{\"from\": …, \"default\": …}`; `onMappingMissing: \"fail\"` stops \
         before a step whose value is missing.",
    );
    about(
        "callmux_get_result",
        "a result that is too large comes as its beginning with a `ref`; read on with `path`, `fields`, \
         `filter` or `offset` instead of calling the tool again.",
    );
    if has("callmux_get_result") {
        lines.push(
            "- `{\"$ref\": \"r_…\", \"path\": …}` as an argument gives a stored result to another tool \
             without your reading it."
                .to_owned(),
        );
    }
    lines.push(
        "- `{\"$file\": path}`, `{\"$jsonFile\": path}`, `{\"$yamlFile\": path}` as an argument stand for \
         the file, `{\"$text\": {\"lines\": […]}}` for a long text. Paths are those of your working directory."
            .to_owned(),
    );
    let mut about = |tool: &str, text: &str| {
        if has(tool) {
            lines.push(format!("- `{tool}`: {text}"));
        }
    };
    about("callmux_dry_run", "checks names, arguments and schemas of calls that are hard to undo.");
    about("callmux_recipe_run", "runs what the user wrote down; `callmux_status` lists recipes.");
    about("callmux_cache_clear", "forgets cached results when you know that they are old.");
    lines.push(
        "- A call that ends with `outcome_unknown` may have had its effect: look before you repeat \
         it. One that was `not_sent` can be repeated."
            .to_owned(),
    );
    lines.push("- Never put secrets into arguments; servers have their own.".to_owned());
    lines.join("\n") + "\n"
}

/// What of a server an agent is told that sees none of its tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAbout {
    pub name: String,
    pub tools: usize,
    /// What it is, as the config says.
    pub description: Option<String>,
}

/// How much is told of all servers together, and of one, in characters.
const SERVERS_MAX: usize = 900;
const DESCRIPTION_MAX: usize = 80;

/// The servers behind what is not listed: `github (26 tools): issues and pull requests`.
fn servers(all: &[ServerAbout]) -> String {
    let mut out = String::new();
    for (place, server) in all.iter().enumerate() {
        let about = server.description.as_deref().map(|text| cut(text, DESCRIPTION_MAX));
        let about = about.map_or_else(String::new, |text| format!(": {text}"));
        let one = format!("{} ({} tools){about}", server.name, server.tools);
        if out.chars().count() + one.chars().count() > SERVERS_MAX {
            return format!("{out}; and {} more", all.len() - place);
        }
        out += if out.is_empty() { "" } else { "; " };
        out += &one;
    }
    out
}

/// What an agent has to know from the first turn on; nothing where it sees all tools.
/// `all`: the servers, asked for only then.
pub fn session(menu: &Menu, all: impl FnOnce() -> Vec<ServerAbout>) -> Option<String> {
    let has = |tool: &str| menu.meta_tools.allow(tool);
    (menu.hides() && has("callmux_search_tools")).then(|| {
        let find = "More tools exist than are listed: find them with callmux_search_tools, then call them \
                    with callmux_call by the name it gives.";
        match &all()[..] {
            [] => find.to_owned(),
            all => format!("{find} They are those of {}.", servers(all)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Exposure, ServerAbout, View, markdown, session};

    fn view(exposure: Exposure) -> View {
        View { exposure, ..crate::settings::sample::config().everybody }
    }

    #[test]
    fn who_sees_no_tools_is_told_which_servers_have_them() {
        let menu = view(Exposure::MetaOnly).menu(0, None);
        let about = |name: &str, description: Option<&str>| ServerAbout {
            name: name.to_owned(),
            tools: 3,
            description: description.map(str::to_owned),
        };
        let told =
            session(&menu, || vec![about("git", Some("Our repositories")), about("x", None)]);
        assert!(
            told.unwrap()
                .ends_with("They are those of git (3 tools): Our repositories; x (3 tools).")
        );
        let many: Vec<ServerAbout> =
            (0..500).map(|n| about(&format!("server-{n}"), None)).collect();
        let told = session(&menu, || many).unwrap();
        assert!(told.len() < 1200 && told.contains(" more."), "{told}");
    }

    #[test]
    fn an_agent_is_told_of_what_it_sees() {
        for exposure in Exposure::ALL {
            let text = markdown("codex", &view(exposure));
            let told = text.lines().filter(|line| line.starts_with("- `callmux_")).count();
            let expected = match exposure {
                Exposure::Auto => 2,
                Exposure::NoMeta => 0,
                _ => 7,
            };
            assert_eq!(told, expected, "{text}");
            let hides = matches!(exposure, Exposure::Hybrid | Exposure::MetaOnly);
            assert_eq!(session(&view(exposure).menu(0, None), Vec::new).is_some(), hides);
        }
    }
}
