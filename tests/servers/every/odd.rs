//! What a model of JSON would lose or change, in everything that the server says.

/// A member of an object, without a comma.
pub const ODD: &str = r#""x-odd":{"zz":1e400,"aa":9007199254740993,"tenth":0.1,"neg":-0,"esc":"\u0041\/","lone":"\ud800","n":null}"#;
