//! The config of one server behind `--`.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::InlineArgs;
use crate::config::load;
use crate::settings::{Config, NamePatterns};

/// `None` without a command.
pub(super) fn config(
    args: &InlineArgs,
    command: &[String],
    cwd: Option<PathBuf>,
) -> Option<Config> {
    let mut config = load::inline(command, cwd)?;
    if !args.plain {
        let usual = load::empty().everybody;
        config.everybody.exposure = args.exposure.map_or(usual.exposure, Into::into);
        config.everybody.max_result = args.max_result.unwrap_or(usual.max_result);
    }
    for server in config.servers.values_mut().map(Arc::make_mut) {
        let policy = &mut server.policy;
        if !args.tools.is_empty() {
            policy.tools = NamePatterns::new(args.tools.clone());
        }
        if args.cache.is_some() {
            policy.cache_ttl = args.cache;
            // Else nobody says which tools only read.
            policy.trusted = true;
        }
    }
    Some(config)
}

#[cfg(test)]
mod tests {
    use super::{InlineArgs, config};
    use crate::settings::Exposure;
    use std::time::Duration;

    #[test]
    fn what_is_said_of_the_server_holds() {
        let words = ["sh".to_owned()];
        let given = |args: &InlineArgs| config(args, &words, None).unwrap();
        let usual = given(&InlineArgs::default());
        assert_eq!(usual.everybody.exposure, Exposure::Auto);
        assert_eq!(usual.everybody.max_result, 16 * 1024);
        let server = &usual.servers["default"];
        assert!(server.policy.tools.allow("any") && !server.policy.trusted);
        let plain = given(&InlineArgs { plain: true, ..InlineArgs::default() });
        assert_eq!((plain.everybody.exposure, plain.everybody.max_result), (Exposure::NoMeta, 0));
        let said = given(&InlineArgs {
            tools: vec!["get_*".to_owned()],
            cache: Some(Duration::from_mins(1)),
            max_result: Some(7),
            ..InlineArgs::default()
        });
        let policy = &said.servers["default"].policy;
        assert!(policy.tools.allow("get_x") && !policy.tools.allow("set_x") && policy.trusted);
        assert_eq!(
            (policy.cache_ttl, said.everybody.max_result),
            (Some(Duration::from_mins(1)), 7)
        );
        assert!(config(&InlineArgs::default(), &[], None).is_none());
    }
}
