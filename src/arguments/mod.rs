//! stub
pub mod coerce {
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
        text.contains("\"$")
    }
}
pub mod references {
    use crate::json::Json;
    use std::path::PathBuf;
    #[derive(Debug, Clone, Default)]
    pub struct Roots {
        pub cwd: Option<PathBuf>,
        pub further: Vec<PathBuf>,
    }
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    pub struct ReferenceError(pub String);
    pub fn has_any(_arguments: &Json) -> bool {
        false
    }
    pub fn resolve(
        arguments: Json,
        _roots: &Roots,
        _stored: &dyn Fn(&str, &str) -> Result<Json, String>,
    ) -> Result<Json, ReferenceError> {
        Ok(arguments)
    }
}
pub mod check {
    use crate::json::Json;
    #[derive(Debug)]
    pub struct Checker;
    #[derive(Debug)]
    pub struct Problem {
        pub path: String,
        pub message: String,
    }
    impl Checker {
        pub fn new(_schema: &Json) -> Option<Self> {
            Some(Self)
        }
        pub fn problems(&self, _arguments: &Json, _max: usize) -> Vec<Problem> {
            Vec::new()
        }
    }
}
