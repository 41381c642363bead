//! The tables that there are: what systemd knows each by, in which version its rows are written, how
//! many there may be, and who reads those of the last release.

use super::session::WantRow;
use super::table::Row;
use super::{ActRow, CallRow, LinkRow, SessionRow, last_release};

impl Row for CallRow {
    const TABLE: &'static str = "calls";
    const VERSION: u32 = 2;
    const ROWS_MAX: usize = 8192;
    const SIZE: usize = 640;

    fn read_earlier(version: u32, bytes: &[u8]) -> Option<Self> {
        if version == 1 { last_release::call(bytes) } else { None }
    }
}

impl Row for LinkRow {
    const TABLE: &'static str = "links";
    const VERSION: u32 = 2;
    const ROWS_MAX: usize = 4096;
    /// A path may have 4096 bytes (`PATH_MAX`).
    const SIZE: usize = 4608;

    fn read_earlier(version: u32, bytes: &[u8]) -> Option<Self> {
        if version == 1 { last_release::link(bytes) } else { None }
    }
}

impl Row for SessionRow {
    const TABLE: &'static str = "sessions";
    const VERSION: u32 = 2;
    const ROWS_MAX: usize = 4096;
    const SIZE: usize = 1024;

    fn read_earlier(version: u32, bytes: &[u8]) -> Option<Self> {
        if version == 1 { last_release::session(bytes) } else { None }
    }
}

impl Row for WantRow {
    const TABLE: &'static str = "wants";
    const VERSION: u32 = 2;
    const ROWS_MAX: usize = 8192;
    /// A URI may have 8 KiB.
    const SIZE: usize = 8704;

    /// There was none.
    fn read_earlier(_: u32, _: &[u8]) -> Option<Self> {
        None
    }
}

impl Row for ActRow {
    const TABLE: &'static str = "acts";
    const VERSION: u32 = 2;
    const ROWS_MAX: usize = 8192;
    /// A name and what a client calls itself, each of some hundred bytes.
    const SIZE: usize = 1024;

    /// There was none.
    fn read_earlier(_: u32, _: &[u8]) -> Option<Self> {
        None
    }
}
