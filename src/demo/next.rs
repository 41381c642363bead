//! What a person types after the demo.

use crate::base::executable;
use crate::terminal::print;

/// The commands that make the same of one's own servers and clients.
pub(super) fn tell() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path);
    let is_installed =
        dirs.map(|dir| dir.join("callmux")).any(|path| executable::is_executable(&path));
    if !is_installed {
        print::lines(
            "\nNext, install it for yourself, from its sources:\n\n  \
             PREFIX=~/.local packaging/stage target/release/callmux\n  \
             systemctl --user daemon-reload",
        );
    }
    print::lines(
        "\nNext, a server of your own, the daemon, and your client:\n\n  \
         callmux server add time -- callmux example-server time\n  \
         systemctl --user enable --now callmux.socket   # or, in a shell: callmux serve\n  \
         callmux client attach claude-code\n\n\
         Other clients: `callmux client list`.\n\
         `callmux status` shows how all of it is.",
    );
}
