//! stub
use crate::json::Json;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextFormat {
    #[default]
    Json,
    Toon,
    Auto,
}
impl TextFormat {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "json" => Some(Self::Json),
            "toon" => Some(Self::Toon),
            "auto" => Some(Self::Auto),
            _ => None,
        }
    }
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Toon => "toon",
            Self::Auto => "auto",
        }
    }
}
pub fn text(value: &Json, _format: TextFormat) -> String {
    value.to_string()
}
