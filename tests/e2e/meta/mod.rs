//! callmux's own tools, as an agent meets them: each test is named by its row of the parity checklist.

mod arguments;
mod bounds;
mod cache;
mod calls;
mod dry_run;
mod envelopes;
mod formats;
mod large;
mod menus;
mod modern;
mod names;
mod pipeline;
mod recipes;
mod rig;
mod search;
mod status;
mod stored;
mod together;
mod views;
mod white_space;
mod wrong_input;
