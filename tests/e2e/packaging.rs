//! Packages are the same bytes whenever and wherever they are built.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::{Sandbox, skipped};

/// A small program that is linked as ours is.
const PROGRAM: &str = "/bin/true";

fn pack(sandbox: &Sandbox, script: &str, round: u64) -> Vec<(String, Vec<u8>)> {
    let (program, out) = (sandbox.path("callmux"), sandbox.path(&format!("out{round}")));
    fs::copy(PROGRAM, &program).unwrap();
    let built = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + round * 100_000);
    fs::File::options().append(true).open(&program).unwrap().set_modified(built).unwrap();
    fs::create_dir_all(&out).unwrap();
    let umask = if round == 0 { "022" } else { "077" };
    let line =
        format!("umask {umask}; exec '{script}' '{}' '{}'", program.display(), out.display());
    let mut shell = sandbox.program("sh");
    let packed = shell.args(["-c", &line]).env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let told = String::from_utf8(packed.stdout).unwrap();
    let file = |path: &str| {
        let name = Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    told.lines().map(file).collect()
}

#[test]
fn the_same_program_gives_the_same_packages_of_this_version() {
    if !Path::new(PROGRAM).exists() {
        return skipped("there is no program to pack");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging");
    for (script, count) in [("npm/pack", 2), ("pypi/pack", 1)] {
        let sandbox = Sandbox::new();
        let script = root.join(script).display().to_string();
        let (one, other) = (pack(&sandbox, &script, 0), pack(&sandbox, &script, 1));
        assert_eq!(one.len(), count);
        assert!(one == other, "{script} gives other bytes the second time");
        for (name, bytes) in one {
            assert!(name.contains(env!("CARGO_PKG_VERSION")) && bytes.len() > 1000, "{name}");
        }
    }
}
