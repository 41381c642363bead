//! What an agent should know about callmux: as a text for its rules, and as a sentence for its session.

use crate::settings::{Exposure, View};

/// The text of `callmux instructions`, in Markdown.
pub fn markdown(client: &str, view: &View) -> String {
    let has = |tool: &str| view.exposure != Exposure::NoMeta && view.meta_tools.allow(tool);
    let mut lines = vec![
        "# callmux".to_owned(),
        String::new(),
        format!("Client: {client}. Tools: {}.", view.exposure.as_str()),
        String::new(),
        "- Tools of all MCP servers come through callmux and are named `server__tool`.".to_owned(),
    ];
    lines.extend(session(view).map(|sentence| format!("- {sentence}")));
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

/// What an agent has to know from the first turn on; nothing where it sees all tools.
pub fn session(view: &View) -> Option<String> {
    let has = |tool: &str| view.meta_tools.allow(tool);
    let hides = matches!(view.exposure, Exposure::Hybrid | Exposure::MetaOnly);
    (hides && has("callmux_search_tools")).then(|| {
        "More tools exist than are listed: find them with callmux_search_tools, then call them \
         with callmux_call by the name it gives."
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::table::TABLE;
    use super::{Exposure, View, markdown, session};

    fn view(exposure: Exposure) -> View {
        View { exposure, ..crate::settings::sample::config().everybody }
    }

    #[test]
    fn an_agent_is_told_of_what_it_sees() {
        for exposure in Exposure::ALL {
            let text = markdown("codex", &view(exposure));
            let told =
                TABLE.iter().filter(|tool| text.contains(&format!("`{}`:", tool.name))).count();
            assert_eq!(told > 5, exposure != Exposure::NoMeta, "{text}");
            let hides = matches!(exposure, Exposure::Hybrid | Exposure::MetaOnly);
            assert_eq!(session(&view(exposure)).is_some(), hides);
        }
    }
}
