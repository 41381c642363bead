//! `callmux parallel`, `batch`, `pipeline` and `recipe`: several calls as one.

use super::args_work::{RecipeArgs, WorkArgs};
use super::given::{self, Given};
use super::mirror::Mirror;
use super::talk::Answered;
use super::trouble::Trouble;
use super::{call, desk, outcome, show, typed};
use crate::json::Json;
use crate::terminal::Exit;

/// Which of our own tools does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Parallel,
    Batch,
    Pipeline,
}

impl Work {
    fn tool(self) -> &'static str {
        match self {
            Self::Parallel => "callmux_parallel",
            Self::Batch => "callmux_batch",
            Self::Pipeline => "callmux_pipeline",
        }
    }

    /// The member that a list alone is meant as.
    fn list(self) -> Option<&'static str> {
        match self {
            Self::Parallel => Some("calls"),
            Self::Pipeline => Some("steps"),
            // Its items say nothing without their tool.
            Self::Batch => None,
        }
    }
}

/// Makes several calls.
pub fn work(args: &WorkArgs, work: Work) -> Exit {
    made(args, work).unwrap_or_else(|trouble| trouble.tell())
}

fn made(args: &WorkArgs, work: Work) -> Result<Exit, Trouble> {
    let wanted = match (given::json(&args.work)?, work.list()) {
        (Json::Array(items), Some(list)) => Json::object([(list, Json::Array(items))]),
        (object, _) if object.is_object() => object,
        (other, list) => {
            let or_list = if list.is_some() { " or a list of calls" } else { "" };
            return Err(Trouble::Usage(format!(
                "what is to be done has to be a JSON object{or_list}, and is {}",
                other.title()
            )));
        }
    };
    let tool = if args.dry_run { "callmux_dry_run" } else { work.tool() };
    let mirror = Mirror::new(tool, args.output.progress);
    let answered =
        desk::run(&args.reach, async |talk| call::tool(talk, tool, &wanted, &mirror).await);
    mirror.end();
    ended(&answered?, args.dry_run, |answered| show::answer(answered, &args.output, tool))
}

/// Runs a recipe of the config.
pub fn recipe(args: &RecipeArgs) -> Exit {
    run(args).unwrap_or_else(|trouble| trouble.tell())
}

fn run(args: &RecipeArgs) -> Result<Exit, Trouble> {
    let given = Given::read(&args.words)?;
    // The recipe's own tool, where it is listed, says the types.
    let own = format!("callmux_recipe_{}", args.name);
    let tool = if args.dry_run { "callmux_recipe_dry_run" } else { "callmux_recipe_run" };
    let mirror = Mirror::new(&args.name, args.output.progress);
    let answered = desk::run(&args.reach, async |talk| {
        let definition = if given.texts.is_empty() {
            None
        } else {
            super::wanted::tool(talk, &own, &mirror).await?
        };
        let schema = definition.as_ref().and_then(|tool| tool.get("inputSchema"));
        let arguments = typed::arguments(given, schema)?;
        let wanted =
            Json::object([("recipe", args.name.as_str().into()), ("arguments", arguments)]);
        call::tool(talk, tool, &wanted, &mirror).await
    });
    mirror.end();
    ended(&answered?, args.dry_run, |answered| show::answer(answered, &args.output, &args.name))
}

/// What came of it: worse than the whole is each of its calls.
fn ended(
    answered: &Answered,
    is_dry: bool,
    show: impl Fn(&Answered) -> Result<Exit, Trouble>,
) -> Result<Exit, Trouble> {
    let exit = show(answered)?;
    Ok(match answered {
        Answered::Result(result) if exit == Exit::Fine => outcome::of_work(result, is_dry),
        _ => exit,
    })
}
