//! `callmux list`.

use hyper::{Method, StatusCode};

use super::args::ListArgs;
use super::ask::{ask, bring_up};
use super::{endpoint, look};
use crate::api::{ToolList, ToolReport, path};
use crate::terminal::{Exit, print};

pub(super) fn list(args: &ListArgs) -> Exit {
    let listed = match &args.endpoint {
        Some(url) => endpoint::tools(url),
        None if args.no_daemon => look::tools(args.config.as_deref()),
        None => of_the_daemon(args),
    };
    match listed {
        Ok(tools) => {
            show(&tools, args);
            Exit::Fine
        }
        Err(exit) => exit,
    }
}

fn of_the_daemon(args: &ListArgs) -> Result<Vec<ToolReport>, Exit> {
    bring_up(&args.daemon, args.spawn)?;
    let answer = ask(&args.daemon, Method::GET, path::TOOLS)?;
    if answer.status != StatusCode::OK {
        return Err(answer.unexpected());
    }
    let ToolList { usable, tools } = answer.read()?;
    if !usable {
        print::error("no server is usable; `callmux doctor` says why");
        return Err(Exit::Failed);
    }
    Ok(tools)
}

fn show(tools: &[ToolReport], args: &ListArgs) {
    if args.json {
        print::json(&serde_json::to_string(tools).unwrap_or_default());
        return;
    }
    for tool in tools {
        print::line(&tool.name);
        let described = tool.description.as_deref().filter(|_| args.descriptions).map(in_one_line);
        if let Some(described) = described.filter(|text| !text.is_empty()) {
            print::line(&format!("    {described}"));
        }
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
