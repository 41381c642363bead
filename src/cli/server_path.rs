//! The program of a server that is added, as the shell that adds it knows it, and the `PATH` that it needs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::base::executable::{interpreter, is_executable};

/// The `PATH` of systemd's user manager, where it was not given another.
const USUAL_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

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
        std::path::absolute(program).ok().filter(|path| is_executable(path))?
    } else {
        places(path).map(|dir| dir.join(program)).find(|path| is_executable(path))?
    };
    let is_usual = |dir: &Path| usual.iter().any(|usual| Path::new(usual) == dir);
    let lies_apart = !program.contains('/') && !found.parent().is_some_and(is_usual);
    let looked_up = interpreter(&found).and_then(|script| script.looked_up);
    let lacks_interpreter = looked_up
        .filter(|name| !name.contains('/'))
        .is_some_and(|name| !usual.iter().any(|dir| is_executable(&Path::new(dir).join(&name))));
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
