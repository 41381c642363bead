//! How results and schemas read: text formats, previews, compressed definitions. Pure.

pub mod compress;
pub mod format;

pub use compress::Compression;
pub use format::TextFormat;
pub mod preview {
    //! stub
    use crate::json::Json;
    #[derive(Debug)]
    pub struct Preview {
        pub value: Json,
        pub shape: Json,
        pub is_whole: bool,
    }
    pub fn preview(value: &Json, _budget: usize) -> Preview {
        Preview { value: value.clone(), shape: Json::Null, is_whole: true }
    }
    pub fn preview_text(text: &str, budget: usize) -> String {
        text.chars().take(budget).collect()
    }
}
