//! The clients that callmux can be attached to.

use super::client::{EntryShape, Grammar, KnownClient, Place, Sign};
use Place::{Config, Home, Variable};
use Sign::{Program, There};

const PLAIN: EntryShape =
    EntryShape::Usual { stdio: None, remote: Some(("url", None)), names_tools: false };
const TYPED: EntryShape = EntryShape::Usual {
    stdio: Some("stdio"),
    remote: Some(("url", Some("http"))),
    names_tools: false,
};
const PORTABLE: EntryShape = EntryShape::Usual {
    stdio: Some("stdio"),
    remote: Some(("url", Some("http"))),
    names_tools: true,
};
/// `url` is that of a server of HTTP with SSE there.
const GOOGLE: EntryShape =
    EntryShape::Usual { stdio: None, remote: Some(("httpUrl", None)), names_tools: false };
const WINDSURF: EntryShape =
    EntryShape::Usual { stdio: None, remote: Some(("serverUrl", None)), names_tools: false };
const CLINE: EntryShape = EntryShape::Usual {
    stdio: None,
    remote: Some(("url", Some("streamableHttp"))),
    names_tools: false,
};
/// Addresses are no matter of the file.
const PROGRAMS: EntryShape = EntryShape::Usual { stdio: None, remote: None, names_tools: false };

const SERVERS: &[&str] = &["mcpServers"];
const COPILOT: Place = Variable {
    name: "COPILOT_HOME",
    inside: "mcp-config.json",
    otherwise: &Home(".copilot/mcp-config.json"),
};
const COPILOT_HOME: Place =
    Variable { name: "COPILOT_HOME", inside: "", otherwise: &Home(".copilot") };

/// Every client, in the order that they are listed in.
pub const CLIENTS: &[KnownClient] = &[
    KnownClient {
        id: "claude-code",
        shown: "Claude Code",
        signs: &[Program("claude"), There(CLAUDE), There(Home(".claude"))],
        user: &[CLAUDE],
        project: &[".mcp.json"],
        format: Grammar::Json,
        keys: SERVERS,
        shape: TYPED,
        is_desktop: false,
    },
    KnownClient {
        id: "claude-desktop",
        shown: "Claude Desktop",
        signs: &[There(Config("Claude")), There(Config("claude")), Program("claude-desktop")],
        user: &[
            Config("Claude/claude_desktop_config.json"),
            Config("claude/claude_desktop_config.json"),
        ],
        project: &[],
        format: Grammar::Json,
        keys: SERVERS,
        shape: PROGRAMS,
        is_desktop: true,
    },
    KnownClient {
        id: "codex",
        shown: "Codex",
        signs: &[
            Program("codex"),
            There(Variable { name: "CODEX_HOME", inside: "", otherwise: &Home(".codex") }),
        ],
        user: &[Variable {
            name: "CODEX_HOME",
            inside: "config.toml",
            otherwise: &Home(".codex/config.toml"),
        }],
        project: &[".codex/config.toml"],
        format: Grammar::Toml,
        keys: &["mcp_servers"],
        shape: PLAIN,
        is_desktop: false,
    },
    KnownClient {
        id: "cursor",
        shown: "Cursor",
        signs: &[There(Home(".cursor")), Program("cursor")],
        user: &[Home(".cursor/mcp.json")],
        project: &[".cursor/mcp.json"],
        format: Grammar::Json,
        keys: SERVERS,
        shape: PLAIN,
        is_desktop: true,
    },
    KnownClient {
        id: "vscode",
        shown: "VS Code",
        signs: &[
            There(Config("Code/User")),
            There(Config("Code - Insiders/User")),
            There(Config("VSCodium/User")),
            Program("code"),
        ],
        user: &[
            Config("Code/User/mcp.json"),
            Config("Code - Insiders/User/mcp.json"),
            Config("VSCodium/User/mcp.json"),
        ],
        project: &[".vscode/mcp.json"],
        format: Grammar::Json,
        keys: &["servers"],
        shape: TYPED,
        is_desktop: true,
    },
    KnownClient {
        id: "vscode-copilot",
        shown: "VS Code with Copilot",
        signs: &[There(COPILOT_HOME)],
        user: &[COPILOT],
        project: &[".mcp.json"],
        format: Grammar::Json,
        keys: SERVERS,
        shape: PORTABLE,
        is_desktop: true,
    },
    KnownClient {
        id: "copilot-cli",
        shown: "Copilot CLI",
        signs: &[Program("copilot"), There(COPILOT_HOME)],
        user: &[COPILOT],
        project: &[".mcp.json"],
        format: Grammar::Json,
        keys: SERVERS,
        shape: PORTABLE,
        is_desktop: false,
    },
    KnownClient {
        id: "windsurf",
        shown: "Windsurf",
        signs: &[There(Home(".codeium/windsurf")), Program("windsurf")],
        user: &[Home(".codeium/windsurf/mcp_config.json")],
        project: &[],
        format: Grammar::Json,
        keys: SERVERS,
        shape: WINDSURF,
        is_desktop: true,
    },
    KnownClient {
        id: "gemini",
        shown: "Gemini CLI",
        signs: &[Program("gemini"), There(Home(".gemini/settings.json"))],
        user: &[Home(".gemini/settings.json")],
        project: &[".gemini/settings.json"],
        format: Grammar::Json,
        keys: SERVERS,
        shape: GOOGLE,
        is_desktop: false,
    },
    KnownClient {
        id: "qwen",
        shown: "Qwen Code",
        signs: &[Program("qwen"), There(Home(".qwen"))],
        user: &[Home(".qwen/settings.json")],
        project: &[".qwen/settings.json"],
        format: Grammar::Json,
        keys: SERVERS,
        shape: GOOGLE,
        is_desktop: false,
    },
    KnownClient {
        id: "zed",
        shown: "Zed",
        signs: &[There(Config("zed")), Program("zed"), Program("zeditor")],
        user: &[Config("zed/settings.json")],
        project: &[".zed/settings.json"],
        format: Grammar::Json,
        keys: &["context_servers"],
        shape: PLAIN,
        is_desktop: true,
    },
    KnownClient {
        id: "opencode",
        shown: "opencode",
        signs: &[Program("opencode"), There(Config("opencode"))],
        // The first shadows the second.
        user: &[Config("opencode/opencode.jsonc"), Config("opencode/opencode.json")],
        project: &["opencode.jsonc", "opencode.json"],
        format: Grammar::Json,
        keys: &["mcp"],
        shape: EntryShape::Opencode,
        is_desktop: false,
    },
    KnownClient {
        id: "goose",
        shown: "Goose",
        signs: &[Program("goose"), There(Config("goose"))],
        user: &[Config("goose/config.yaml")],
        project: &[],
        format: Grammar::Yaml,
        keys: &["extensions"],
        shape: EntryShape::Goose,
        is_desktop: true,
    },
    KnownClient {
        id: "cline",
        shown: "Cline in VS Code",
        signs: &[There(Config("Code/User/globalStorage/saoudrizwan.claude-dev"))],
        user: &[Config(
            "Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        )],
        project: &[],
        format: Grammar::Json,
        keys: SERVERS,
        shape: CLINE,
        is_desktop: true,
    },
    KnownClient {
        id: "cline-cli",
        shown: "Cline CLI",
        signs: &[
            Program("cline"),
            There(Variable { name: "CLINE_DIR", inside: "", otherwise: &Home(".cline") }),
        ],
        user: &[Variable {
            name: "CLINE_DIR",
            inside: "data/settings/cline_mcp_settings.json",
            otherwise: &Home(".cline/data/settings/cline_mcp_settings.json"),
        }],
        project: &[],
        format: Grammar::Json,
        keys: SERVERS,
        shape: CLINE,
        is_desktop: false,
    },
    KnownClient {
        id: "kiro",
        shown: "Kiro",
        signs: &[There(Home(".kiro")), Program("kiro"), Program("kiro-cli")],
        user: &[Home(".kiro/settings/mcp.json")],
        project: &[".kiro/settings/mcp.json"],
        format: Grammar::Json,
        keys: SERVERS,
        shape: PLAIN,
        is_desktop: true,
    },
    KnownClient {
        id: "amp",
        shown: "Amp",
        signs: &[Program("amp"), There(Config("amp"))],
        user: &[Config("amp/settings.json"), Config("amp/settings.jsonc")],
        project: &[".amp/settings.json", ".amp/settings.jsonc"],
        format: Grammar::Json,
        // One key with a dot in it.
        keys: &["amp.mcpServers"],
        shape: PLAIN,
        is_desktop: false,
    },
    KnownClient {
        id: "crush",
        shown: "crush",
        signs: &[Program("crush"), There(Config("crush"))],
        user: &[Variable {
            name: "CRUSH_GLOBAL_CONFIG",
            inside: "crush.json",
            otherwise: &Config("crush/crush.json"),
        }],
        project: &[".crush.json", "crush.json"],
        format: Grammar::Json,
        keys: &["mcp"],
        shape: TYPED,
        is_desktop: false,
    },
];

const CLAUDE: Place = Variable {
    name: "CLAUDE_CONFIG_DIR",
    inside: ".claude.json",
    otherwise: &Home(".claude.json"),
};
