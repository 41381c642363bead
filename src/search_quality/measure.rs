//! Measures, and says what was found.

use std::collections::HashMap;
use std::path::Path;
use std::string::FromUtf8Error;
use std::time::{Duration, Instant};

use super::args::SearchQualityArgs;
use crate::base::file;
use crate::json::{Json, ParseError};
use crate::meta;
use crate::search::quality::{CUTS, Quality};
use crate::search::ranking::Found;
use crate::search::{Document, Index};
use crate::terminal::{Exit, print};

/// The best tool of a query is among this many, or it is missed.
const MISSED_CUT: usize = 5;
/// The largest file that is read.
const FILE_MAX: u64 = 64 << 20;

/// Measures how well the tools of one file are found by the queries of another.
pub fn search_quality(args: &SearchQualityArgs) -> Exit {
    match measure(args) {
        Ok(report) if args.json => {
            print::json(&report.json(args.verbose).to_string());
            Exit::Fine
        }
        Ok(report) => {
            report.show(args.verbose);
            Exit::Fine
        }
        Err(error) => {
            print::error(&error.to_string());
            Exit::BadConfig
        }
    }
}

/// Why nothing is measured.
#[derive(Debug, thiserror::Error)]
enum DataError {
    #[error("{0}")]
    File(String),
    #[error("{path}: {1}", path = .0.display())]
    Within(Box<Path>, FileError),
}

/// What is wrong with a file of data.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    Text(#[from] FromUtf8Error),
    #[error("no JSON: {0}")]
    Json(#[from] ParseError),
    #[error("lacks the list `{0}`")]
    NoList(&'static str),
    #[error("the list `{0}` is empty")]
    Empty(&'static str),
    #[error("{list}[{at}]: {what}")]
    Entry { list: &'static str, at: usize, what: EntryError },
}

/// What is wrong with an entry of a list.
#[derive(Debug, thiserror::Error)]
enum EntryError {
    #[error("another tool has this `tool_id`")]
    SameId,
    #[error("lacks the text `{0}`")]
    NoText(&'static str),
    #[error("lacks the list `labels`")]
    NoLabels,
    #[error("a label {0}")]
    Label(Box<EntryError>),
    #[error("no tool is called {0}")]
    NoTool(String),
    #[error("{0}: relevance is no whole number from 0 to 10")]
    Relevance(String),
    #[error("no label has a relevance above 0, so nothing can be found")]
    NothingRelevant,
}

struct Tool {
    id: String,
    shown: String,
    server: String,
    title: Option<String>,
    description: String,
    schema: Option<Json>,
}

struct Query {
    id: String,
    text: String,
    /// Tools by their places, and their relevance.
    judged: Vec<(usize, u32)>,
}

/// A query whose best tool is not among the first.
struct Miss {
    id: String,
    query: String,
    expected: Vec<String>,
    found: Vec<String>,
}

struct Report {
    tools: usize,
    queries: usize,
    mean: Quality,
    missed: Vec<Miss>,
    build: Duration,
    /// The median of one.
    search: Duration,
    /// Bytes of the index.
    memory: usize,
    /// Estimated tokens of an answer with five tools: the median, of 95 in 100 the most, and of all.
    tokens: [usize; 3],
}

fn measure(args: &SearchQualityArgs) -> Result<Report, DataError> {
    let tools = read(&args.tools, "tools", tool)?;
    let mut places = HashMap::new();
    for (place, tool) in tools.iter().enumerate() {
        if places.insert(tool.id.as_str(), place).is_some() {
            return Err(wrong(&args.tools, "tools", place, EntryError::SameId));
        }
    }
    let queries = read(&args.queries, "queries", |value| query(value, &places))?;
    let began = Instant::now();
    let mut index = Index::build(tools.iter().map(document));
    let build = began.elapsed();
    if args.no_thesaurus {
        index = index.without_thesaurus();
    }
    // What is made at the first search is no part of any.
    index.search(&[&queries[0].text], 1, |_| true);
    let mut rankings: Vec<Found> = Vec::with_capacity(queries.len());
    let mut times = Vec::with_capacity(queries.len());
    for query in &queries {
        let began = Instant::now();
        rankings.push(index.search(&[&query.text], tools.len(), |_| true));
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let tokens = tokens(&rankings, &tools);
    let mut missed = Vec::new();
    let mut qualities = Vec::new();
    for (query, found) in queries.iter().zip(rankings) {
        let ranked: Vec<usize> = found.hits.iter().map(|hit| hit.document).collect();
        qualities.push(Quality::of(&ranked, &query.judged));
        missed.extend(miss(query, &ranked, &tools));
    }
    Ok(Report {
        tools: tools.len(),
        queries: queries.len(),
        mean: Quality::mean(&qualities),
        missed,
        build,
        // The median: a busy machine interrupts some searches for longer than all of them take.
        search: times[times.len() / 2],
        memory: index.memory(),
        tokens,
    })
}

fn tokens(rankings: &[Found], tools: &[Tool]) -> [usize; 3] {
    let none = Json::default();
    let mut sizes: Vec<usize> = Vec::with_capacity(rankings.len());
    for found in rankings {
        let first = found.hits.iter().take(MISSED_CUT).map(|hit| &tools[hit.document]);
        let first: Vec<(&str, &Json, &str)> = first
            .map(|tool| (&*tool.shown, tool.schema.as_ref().unwrap_or(&none), &*tool.description))
            .collect();
        sizes.push(meta::answer_tokens(found.count, tools.len(), &first));
    }
    sizes.sort_unstable();
    let last = sizes.len() - 1;
    [sizes[sizes.len() / 2], sizes[(sizes.len() * 95 / 100).min(last)], sizes[last]]
}

fn miss(query: &Query, ranked: &[usize], tools: &[Tool]) -> Option<Miss> {
    let best = query.judged.iter().map(|(_, relevance)| *relevance).max()?;
    let expected: Vec<usize> =
        query.judged.iter().filter(|judged| judged.1 == best).map(|judged| judged.0).collect();
    let first = &ranked[..ranked.len().min(MISSED_CUT)];
    let names = |places: &[usize]| places.iter().map(|place| tools[*place].id.clone()).collect();
    let is_missed = !first.iter().any(|place| expected.contains(place));
    is_missed.then(|| Miss {
        id: query.id.clone(),
        query: query.text.clone(),
        expected: names(&expected),
        found: names(first),
    })
}

fn document(tool: &Tool) -> Document<'_> {
    Document {
        name: &tool.shown,
        server: &tool.server,
        title: tool.title.as_deref(),
        description: &tool.description,
        input_schema: tool.schema.as_ref(),
    }
}

/// Reads the list `key` of a file; an error names the file, the entry and what is wrong.
fn read<T>(
    path: &Path,
    key: &'static str,
    entry: impl Fn(&Json) -> Result<T, EntryError>,
) -> Result<Vec<T>, DataError> {
    let in_file = |what: FileError| DataError::Within(path.into(), what);
    let bytes = file::read(path, FILE_MAX).map_err(|error| DataError::File(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| in_file(error.into()))?;
    let json = Json::parse(&text).map_err(|error| in_file(error.into()))?;
    let list = json.get(key).and_then(Json::as_array);
    let list = list.ok_or_else(|| in_file(FileError::NoList(key)))?;
    if list.is_empty() {
        return Err(in_file(FileError::Empty(key)));
    }
    let each = list.iter().enumerate();
    each.map(|(at, value)| entry(value).map_err(|what| wrong(path, key, at, what))).collect()
}

fn wrong(path: &Path, list: &'static str, at: usize, what: EntryError) -> DataError {
    DataError::Within(path.into(), FileError::Entry { list, at, what })
}

fn text(value: &Json, key: &'static str) -> Result<String, EntryError> {
    let text = value.get(key).and_then(Json::as_str);
    text.map(str::to_owned).ok_or(EntryError::NoText(key))
}

fn tool(value: &Json) -> Result<Tool, EntryError> {
    let (server, name) = (text(value, "server")?, text(value, "tool")?);
    let schema = ["inputSchema", "schema"].iter().find_map(|key| value.get(key));
    Ok(Tool {
        id: text(value, "tool_id")?,
        shown: format!("{server}__{name}"),
        server,
        title: text(value, "title").ok(),
        description: text(value, "description").unwrap_or_default(),
        schema: schema.cloned(),
    })
}

fn query(value: &Json, places: &HashMap<&str, usize>) -> Result<Query, EntryError> {
    let labels = value.get("labels").and_then(Json::as_array).ok_or(EntryError::NoLabels)?;
    let mut judged = Vec::with_capacity(labels.len());
    for label in labels {
        let id = text(label, "tool_id").map_err(|what| EntryError::Label(Box::new(what)))?;
        let place = places.get(id.as_str()).ok_or_else(|| EntryError::NoTool(id.clone()))?;
        let relevance = label.get("relevance").and_then(Json::as_u64);
        let relevance = relevance.and_then(|number| u32::try_from(number).ok());
        let fits = relevance.filter(|number| *number <= RELEVANCE_MAX);
        judged.push((*place, fits.ok_or(EntryError::Relevance(id))?));
    }
    if judged.iter().all(|(_, relevance)| *relevance == 0) {
        return Err(EntryError::NothingRelevant);
    }
    Ok(Query { id: text(value, "id")?, text: text(value, "query")?, judged })
}

/// Gains grow with the power of two, so larger numbers would drown everything else.
const RELEVANCE_MAX: u32 = 10;

impl Report {
    fn show(&self, verbose: bool) {
        let line = |name: &str, value: f64| print::line(&format!("{name:<10} {value:.3}"));
        for (cut, recall) in CUTS.iter().zip(self.mean.recall) {
            line(&format!("recall@{cut}"), recall);
        }
        line("MRR", self.mean.reciprocal_rank);
        line("nDCG@10", self.mean.ndcg);
        print::line(&format!(
            "{} queries over {} tools: {} µs per search (median); index made in {} µs, {} bytes",
            self.queries,
            self.tools,
            self.search.as_micros(),
            self.build.as_micros(),
            self.memory,
        ));
        let [median, most, longest] = self.tokens;
        print::line(&format!(
            "an answer with {MISSED_CUT} tools: about {median} tokens (median), {most} (95 in 100), {longest} (the longest)"
        ));
        for miss in self.missed.iter().filter(|_| verbose) {
            print::line(&format!("missed {}: {}", miss.id, miss.query));
            print::line(&format!("  expected {}", miss.expected.join(", ")));
            let found = if miss.found.is_empty() { "nothing" } else { &*miss.found.join(", ") };
            print::line(&format!("  found    {found}"));
        }
    }

    fn json(&self, verbose: bool) -> serde_json::Value {
        let recall: serde_json::Map<String, serde_json::Value> =
            CUTS.iter().zip(self.mean.recall).map(|(cut, r)| (cut.to_string(), r.into())).collect();
        let mut report = serde_json::json!({
            "tools": self.tools,
            "queries": self.queries,
            "recall": recall,
            "mrr": self.mean.reciprocal_rank,
            "ndcg_at_10": self.mean.ndcg,
            "search_seconds": self.search.as_secs_f64(),
            "build_seconds": self.build.as_secs_f64(),
            "index_bytes": self.memory,
            "answer_tokens_median": self.tokens[0],
            "answer_tokens_p95": self.tokens[1],
            "answer_tokens_max": self.tokens[2],
        });
        if verbose {
            let missed = self.missed.iter().map(|miss| {
                serde_json::json!({
                    "id": miss.id, "query": miss.query,
                    "expected": miss.expected, "found": miss.found,
                })
            });
            report["missed"] = missed.collect();
        }
        report
    }
}
