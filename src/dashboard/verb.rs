//! `callmux dashboard`.

use clap::Args;

use crate::api::{DashboardCode, DashboardRevoked};
use crate::terminal::print;

#[derive(Debug, Args)]
pub struct DashboardArgs {
    /// Only print the link.
    #[arg(long)]
    print: bool,
    /// Take back all links, and have every browser that came by one be out.
    #[arg(long, conflicts_with = "print")]
    pub revoke: bool,
}

/// Has the link opened by `open`, which says whether it could, where there is a desktop; else prints it.
pub fn show(args: &DashboardArgs, code: &DashboardCode, open: impl FnOnce(&str) -> bool) {
    let DashboardCode { url, expires_in, .. } = code;
    if !args.print && has_desktop() {
        if open(url) {
            print::line("The dashboard opens in your browser. If it does not:");
            print::line("");
            print::line("  callmux dashboard --print");
            return;
        }
        print::note("no browser could be started; open the link by hand");
    }
    print::line(url);
    print::note(&format!("it can be used once, within {expires_in} s"));
}

/// Prints what was taken back.
pub fn revoked(revoked: DashboardRevoked) {
    let DashboardRevoked { codes, visits } = revoked;
    print::line(&format!("links taken back: {codes}; browsers that are out: {visits}"));
}

/// Whether somebody sits before this machine, as far as its environment says.
fn has_desktop() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_set("WAYLAND_DISPLAY") || is_set("DISPLAY")
}
