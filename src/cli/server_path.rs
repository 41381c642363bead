//! The program of a server that is added, as the shell that adds it knows it, and the `PATH` that it needs.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::base::file;

/// The `PATH` of systemd's user manager, where it was not given another.
const USUAL_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
/// No script is longer, in bytes.
const SCRIPT_MAX: u64 = 1 << 20;

/// A program that was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FoundProgram {
    /// Its absolute path.
    pub(super) path: String,
    /// The `PATH` without which it will not run as a service, if there is such a need: it lies where
    /// services do not look, and so does what it starts, or its interpreter does.
    pub(super) needs: Option<String>,
}

/// Looks for a program in this shell's `PATH` and directory.
pub(super) fn locate(program: &str) -> Option<FoundProgram> {
    locate_in(program, &std::env::var_os("PATH").unwrap_or_default(), &USUAL_PATH)
}

fn locate_in(program: &str, path: &OsStr, usual: &[&str]) -> Option<FoundProgram> {
    let found = if program.contains('/') {
        std::path::absolute(program).ok().filter(|path| is_program(path))?
    } else {
        places(path).map(|dir| dir.join(program)).find(|path| is_program(path))?
    };
    let is_usual = |dir: &Path| usual.iter().any(|usual| Path::new(usual) == dir);
    let lies_apart = !program.contains('/') && !found.parent().is_some_and(is_usual);
    let lacks_interpreter = interpreter(&found)
        .is_some_and(|name| !usual.iter().any(|dir| is_program(&Path::new(dir).join(&name))));
    let needs = (lies_apart || lacks_interpreter).then(|| joined(path)).flatten();
    Some(FoundProgram { path: found.to_str()?.to_owned(), needs })
}

fn places(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(path).filter(|dir| dir.is_absolute())
}

/// The directories that are there, each once.
fn joined(path: &OsStr) -> Option<String> {
    let mut dirs: Vec<PathBuf> = Vec::new();
    for dir in places(path).filter(|dir| dir.is_dir()) {
        if !dirs.contains(&dir) {
            dirs.push(dir);
        }
    }
    std::env::join_paths(dirs).ok()?.into_string().ok()
}

/// The program that `env` looks up in `PATH` for a script that begins with `#!/usr/bin/env NAME`.
fn interpreter(script: &Path) -> Option<String> {
    let text = file::read(script, SCRIPT_MAX).ok()?;
    let line = text.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_whitespace();
    Path::new(words.next()?).file_name().filter(|name| *name == "env")?;
    // `env -S` and assignments may come first (env(1)).
    let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
    (!name.contains('/')).then(|| name.to_owned())
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::{FoundProgram, locate_in};
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    fn program(dir: &Path, name: &str, text: &str) -> String {
        let path = dir.join(name);
        std::fs::create_dir_all(dir).unwrap();
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_path_is_kept_where_a_service_would_miss_it() {
        let home = tempfile::tempdir().unwrap();
        let (usual, own) = (home.path().join("usual"), home.path().join("nvm/bin"));
        let (usual_dir, own_dir) = (usual.to_str().unwrap(), own.to_str().unwrap());
        program(&usual, "sh", "");
        let binary = program(&usual, "binary", "\x7fELF");
        let script = program(&usual, "script", "#!/usr/bin/env -S X=1 sh -e\n");
        let npx = program(&own, "npx", "#!/usr/bin/env node\n");
        let node = program(&own, "node", "\x7fELF");
        // A script that somebody linked to where services look, with its interpreter elsewhere.
        let linked = program(&usual, "linked", "#!/usr/bin/env node");
        let absolute = program(&usual, "absolute", "#!/opt/node -x\n");
        let path = format!("{own_dir}:relative:{usual_dir}:{own_dir}:/not/there");
        let wanted = format!("{own_dir}:{usual_dir}");
        for (name, path_of, needs) in [
            ("binary", &binary, false),
            ("script", &script, false),
            ("absolute", &absolute, false),
            ("npx", &npx, true),
            ("node", &node, true),
            ("linked", &linked, true),
            (npx.as_str(), &npx, true),
            (node.as_str(), &node, false),
        ] {
            let needs = needs.then(|| wanted.clone());
            let located = FoundProgram { path: path_of.clone(), needs };
            assert_eq!(locate_in(name, path.as_ref(), &[usual_dir]), Some(located), "{name}");
        }
        assert_eq!(locate_in("nothing", path.as_ref(), &[usual_dir]), None);
        assert_eq!(locate_in("/not/there", path.as_ref(), &[usual_dir]), None);
    }
}
