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
