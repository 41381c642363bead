//! stub
use crate::json::Json;
#[derive(Debug)]
pub struct Change {
    pub path: String,
    pub what: String,
}
impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}
pub fn coerce(_arguments: &mut Json, _schema: &Json) -> Vec<Change> {
    Vec::new()
}
pub fn may_need(text: &str) -> bool {
    text.contains("\"$") || text.contains("\\\"$")
}
