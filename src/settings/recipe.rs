//! `[recipes.NAME]`: calls that are written down once and run by name.

use crate::json::Json;

/// What a recipe does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Call,
    Parallel,
    Batch,
    Pipeline,
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::Call, Self::Parallel, Self::Batch, Self::Pipeline];

    /// Their names, in the same order.
    pub const NAMES: [&str; 4] = ["call", "parallel", "batch", "pipeline"];

    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The member of its arguments that no recipe of this mode can do without.
    pub fn needs(self) -> &'static str {
        match self {
            Self::Call => "tool",
            Self::Parallel => "calls",
            Self::Batch => "items",
            Self::Pipeline => "steps",
        }
    }
}

/// A recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipe {
    pub name: String,
    pub description: Option<String>,
    pub mode: Mode,
    /// The arguments of the meta-tool of that mode. `{"$param": "x"}` stands for a parameter.
    pub body: Json,
    pub parameters: Vec<Parameter>,
    /// Whether clients see it as a tool of its own.
    pub expose: bool,
}

/// What a recipe has to be given.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    pub name: String,
    pub description: Option<String>,
    /// A type of JSON Schema; `None`: any.
    pub kind: Option<&'static str>,
    pub default: Option<Json>,
}

/// The parameters that a recipe's body names, in order and each once.
pub fn placeholders(body: &Json) -> Vec<String> {
    let mut found = Vec::new();
    collect(body, &mut found);
    found
}

fn collect(value: &Json, found: &mut Vec<String>) {
    if let Some(name) = placeholder(value) {
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
        return;
    }
    match value {
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Json::Object(members) => members.iter().for_each(|(_, value)| collect(value, found)),
        _ => {}
    }
}

/// The parameter that a value stands for.
pub fn placeholder(value: &Json) -> Option<&str> {
    match value.as_object() {
        Some([(name, of)]) if name == "$param" => of.as_str(),
        _ => None,
    }
}

/// The tools that a recipe calls, each with its server if that is named. What a parameter decides is not
/// among them.
pub fn tools(body: &Json) -> Vec<(Option<&str>, &str)> {
    let mut found = Vec::new();
    collect_tools(body, &mut found);
    found
}

fn collect_tools<'a>(body: &'a Json, found: &mut Vec<(Option<&'a str>, &'a str)>) {
    let fixed = |name: &str| body.get(name).and_then(Json::as_str);
    found.extend(fixed("tool").map(|tool| (fixed("server"), tool)));
    for several in ["calls", "steps"] {
        for one in body.get(several).and_then(Json::as_array).into_iter().flatten() {
            collect_tools(one, found);
        }
    }
}
