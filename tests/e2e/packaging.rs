//! Packages are the same bytes whenever and wherever they are built.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::{Sandbox, is_here, skipped};

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
    for (script, count, needs) in
        [("npm/pack", 2, "tar"), ("pypi/pack", 1, "python3"), ("archive", 1, "tar")]
    {
        if !is_here(needs) {
            skipped(&format!("there is no {needs} for {script}"));
            continue;
        }
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

/// What stands for each name in the templates of cargo-binstall, for the archive of this program.
fn filled(template: &str, target: &str) -> String {
    let values = [
        ("{ name }", "callmux"),
        ("{ bin }", "callmux"),
        ("{ version }", env!("CARGO_PKG_VERSION")),
        ("{ target }", target),
        ("{ binary-ext }", ""),
    ];
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
}

#[test]
fn the_archive_is_where_cargo_binstall_looks() {
    if !Path::new(PROGRAM).exists() || !is_here("tar") {
        return skipped("there is no program to pack, or no tar");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let section = manifest.split("[package.metadata.binstall]\n").nth(1).unwrap();
    let value = |key: &str| {
        let line = section.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        line.unwrap().trim_end_matches('"').to_owned()
    };
    let sandbox = Sandbox::new();
    let script = root.join("packaging/archive").display().to_string();
    let (name, _) = pack(&sandbox, &script, 0).pop().unwrap();
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    assert!(filled(&value("pkg-url"), &target).ends_with(&format!("/{name}")), "{name}");
    let archive = sandbox.path("out0").join(&name);
    let listed = sandbox.program("tar").arg("-tzf").arg(archive).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let wanted = filled(&value("bin-dir"), &target);
    assert!(listed.lines().any(|line| line == wanted), "{wanted} is not in:\n{listed}");
}
