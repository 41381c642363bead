//! What a unit wrote last, as the journal has it.

use std::process::{Command, Stdio};
use std::time::Duration;

/// Lines that are asked for, and the most that is shown of each, in characters.
const LINES: &str = "--lines=5";
const LINE_MAX: usize = 300;
/// A slow journal is not waited for.
const WITHIN: Duration = Duration::from_millis(500);

/// The last lines, oldest first, joined by ` | `; nothing, if the journal cannot be read.
pub(super) async fn last_lines(unit: String) -> Option<String> {
    let asked = tokio::task::spawn_blocking(move || {
        Command::new("journalctl")
            .args(["--user", "--no-pager", "--quiet", "--output=cat", LINES])
            .arg(format!("--user-unit={unit}"))
            // What systemd says of the unit is known already.
            .arg("_TRANSPORT=stdout")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()
    });
    let output = tokio::time::timeout(WITHIN, asked).await.ok()?.ok()??;
    let text = String::from_utf8_lossy(&output.stdout);
    let short = |line: &str| line.chars().take(LINE_MAX).collect::<String>();
    Some(text.lines().map(short).collect::<Vec<_>>().join(" | "))
}
