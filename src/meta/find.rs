//! `callmux_search_tools`
use super::inner::Context;
use super::input::Fields;
use crate::json::Json;
use crate::mux::{Outlet, ToolError};
pub(super) fn search_tools<O: Outlet>(
    _context: &Context<'_, O>,
    _fields: &mut Fields,
) -> Result<Json, ToolError> {
    Ok(Json::Null)
}
