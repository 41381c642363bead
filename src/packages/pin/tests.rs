use std::path::Path;

use super::{Pin, PinSource};

fn npm(args: &str) -> String {
    format!(
        "# Written by `callmux server add`; `callmux server remove notes` takes it away.\n\
         # From npm: @acme/notes 1.0.0 (sha512-a).\n[servers.notes] # mine\ncommand = \"/usr/bin/npx\"\nargs = [{args}] # so\nenv = {{ A = \"@acme/notes@1.0.0\" }}\n"
    )
}

fn read(text: &str) -> Option<(PinSource, String, String)> {
    let pin = Pin::of(text, "notes", Some(Path::new("/data/bundles")))?;
    Some((pin.source, pin.identifier, pin.version))
}

#[test]
fn what_is_pinned_is_told_from_what_is_not() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let command = |command: &str, args: &str| {
        read(&format!("[servers.notes]\ncommand = '{command}'\nargs = [{args}]\n"))
    };
    let found = |source, identifier: &str, version: &str| {
        Some((source, identifier.to_owned(), version.to_owned()))
    };
    for (program, args, expected) in [
        ("npx", "'-y', '@a/b@1.2.3', '--stdio'", found(PinSource::Npm, "@a/b", "1.2.3")),
        ("/x/npx", "'b@1.2.3'", found(PinSource::Npm, "b", "1.2.3")),
        ("npx", "'-y', '@a/b'", None),
        ("npx", "'-y', '@a/b@latest'", None),
        ("npx", "'-p', 'x@1.2.3', 'y@1.2.4'", None),
        ("uvx", "'--python', '3.12', 'w@0.5.0'", found(PinSource::Pypi, "w", "0.5.0")),
        ("uvx", "'w==0.5.0'", found(PinSource::Pypi, "w", "0.5.0")),
        ("uvx", "'--from', 'w@0.5.0', 'v'", None),
        ("dnx", "'A.Mcp@2.1.0', '--yes'", found(PinSource::Nuget, "A.Mcp", "2.1.0")),
        ("node", "'x@1.2.3'", None),
        (
            "/data/bundles/notes/v1.0.0-0123456789ab/server/run",
            "'x'",
            found(PinSource::Bundle, "", "1.0.0"),
        ),
        ("/data/bundles/other/v1.0.0-0123456789ab/server/run", "", None),
    ] {
        assert_eq!(command(program, args), expected, "{program} {args}");
    }
    let image = format!("'run', '-i', '-e', 'A=b@{digest}', 'ghcr.io/a/b@{digest}'");
    assert_eq!(command("docker", &image), found(PinSource::Oci, "ghcr.io/a/b", &digest));
    assert_eq!(command("docker", "'run', 'ghcr.io/a/b:1'"), None);
}

#[test]
fn only_the_bytes_of_the_pin_change() {
    let text = npm("\n  \"-y\", # yes\n  '@acme/notes@1.0.0',\n");
    let pin = Pin::of(&text, "notes", None).unwrap();
    let from = [("From npm: @acme/notes ".to_owned(), "From npm: @acme/notes 2.0.1.".to_owned())];
    let after = pin.replaced(&text, "notes", "@acme/notes@2.0.1", &from).unwrap();
    let expected = text
        .replace("'@acme/notes@1.0.0'", "'@acme/notes@2.0.1'")
        .replace("notes 1.0.0 (sha512-a).", "notes 2.0.1.");
    // A value that happens to say the same is no pin.
    assert_eq!(after, expected);
    let windows = text.replace('\n', "\r\n");
    let after = pin.replaced(&windows, "notes", "@acme/notes@2.0.1", &from).unwrap();
    assert_eq!(after, expected.replace('\n', "\r\n"));
    // An escape of TOML in it is nothing to be guessed about.
    let escaped = text.replace("'@acme/notes@1.0.0'", "\"@acme/notes@1.0\\u002e0\"");
    assert!(pin.replaced(&escaped, "notes", "@acme/notes@2.0.1", &from).is_err());
}

#[test]
fn every_path_into_a_bundle_changes_with_it() {
    let dir = "/data/bundles/notes/v1.0.0-0123456789ab";
    let text = format!(
        "[servers.notes]\ncommand = \"node\"\nargs = [\"{dir}/a.js\", \"--in={dir}\"]\nenv.HERE = \"{dir}/b\"\n"
    );
    let pin = Pin::of(&text, "notes", Some(Path::new("/data/bundles"))).unwrap();
    let new = "/data/bundles/notes/v1.1.0-ba9876543210";
    assert_eq!(pin.replaced(&text, "notes", new, &[]).unwrap(), text.replace(dir, new));
}
