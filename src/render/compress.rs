//! stub
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    #[default]
    Off,
    Balanced,
    Aggressive,
}
pub fn definition(
    tool: &crate::json::Json,
    _mode: Compression,
    _max_description: usize,
) -> crate::json::Json {
    tool.clone()
}
impl Compression {
    pub fn as_str(self) -> &'static str {
        ["off", "balanced", "aggressive"][self as usize]
    }
}
