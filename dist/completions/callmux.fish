# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_callmux_global_optspecs
    string join \n log-level= log-format= h/help V/version
end

function __fish_callmux_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_callmux_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_callmux_using_subcommand
    set -l cmd (__fish_callmux_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c callmux -n "__fish_callmux_needs_command" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_needs_command" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_needs_command" -s V -l version -d 'Print version'
complete -c callmux -n "__fish_callmux_needs_command" -a "serve" -d 'Run the daemon. systemd does this for you; in a plain shell it binds its sockets itself'
complete -c callmux -n "__fish_callmux_needs_command" -a "bridge" -d 'Speak MCP on stdin and stdout for one client, and pass everything to the daemon'
complete -c callmux -n "__fish_callmux_needs_command" -a "status" -d 'Show how the daemon, its config and its servers are'
complete -c callmux -n "__fish_callmux_needs_command" -a "doctor" -d 'Say what is not as it should be, each with what can be done about it'
complete -c callmux -n "__fish_callmux_needs_command" -a "reload" -d 'Have the daemon read its config. It also does so by itself when a file changes'
complete -c callmux -n "__fish_callmux_needs_command" -a "list" -d 'List the tools of all servers, as clients call them'
complete -c callmux -n "__fish_callmux_needs_command" -a "server" -d 'Add a server to the config, or take one away'
complete -c callmux -n "__fish_callmux_needs_command" -a "client" -d 'Have a client use callmux: find its file, and put an entry in it or take it out'
complete -c callmux -n "__fish_callmux_needs_command" -a "import" -d 'Take over servers that stand in files of clients, of the npm callmux or of mcpmux'
complete -c callmux -n "__fish_callmux_needs_command" -a "retry" -d 'Have servers that wait for their next try make it now. Those that run are not touched'
complete -c callmux -n "__fish_callmux_needs_command" -a "start" -d 'Start a server that was stopped, or that waits for its next try'
complete -c callmux -n "__fish_callmux_needs_command" -a "stop" -d 'Stop a server until it is started again. Its tools stay listed; calls say why they fail'
complete -c callmux -n "__fish_callmux_needs_command" -a "restart" -d 'Give a server another process'
complete -c callmux -n "__fish_callmux_needs_command" -a "login" -d 'Give your consent to what a server with `auth = "oauth"` may know and do as you'
complete -c callmux -n "__fish_callmux_needs_command" -a "logout" -d 'Have the tokens of such a server revoked, and forget them'
complete -c callmux -n "__fish_callmux_needs_command" -a "demo" -d 'Show what callmux does: a daemon, two servers, a bridge, in a temporary home'
complete -c callmux -n "__fish_callmux_needs_command" -a "example-server" -d 'Run a small MCP server on stdin and stdout, to try things with'
complete -c callmux -n "__fish_callmux_needs_command" -a "instructions" -d 'Print what an agent should know about callmux, in Markdown, for its rules file'
complete -c callmux -n "__fish_callmux_needs_command" -a "config" -d 'Look at the config'
complete -c callmux -n "__fish_callmux_needs_command" -a "search-quality" -d 'Measure how well tools are found by queries in words'
complete -c callmux -n "__fish_callmux_needs_command" -a "completions" -d 'Print completions for a shell'
complete -c callmux -n "__fish_callmux_needs_command" -a "man" -d 'Write the manual pages into a directory'
complete -c callmux -n "__fish_callmux_using_subcommand serve" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand serve" -l socket -d 'The unix socket to bind when systemd passes none [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand serve" -l listen -d 'A loopback address to bind as well when systemd passes no sockets; may be repeated' -r
complete -c callmux -n "__fish_callmux_using_subcommand serve" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand serve" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand bridge" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand bridge" -l url -d 'The daemon\'s address, such as http://127.0.0.1:4860, instead of a unix socket' -r
complete -c callmux -n "__fish_callmux_using_subcommand bridge" -l cwd -d 'The directory the client works in [default: the current one]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand bridge" -l wait -d 'How long a call may wait for a daemon that is away. A call that runs is never cut off' -r
complete -c callmux -n "__fish_callmux_using_subcommand bridge" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand bridge" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand bridge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand status" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand status" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand status" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand status" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand doctor" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand doctor" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand doctor" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand doctor" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand reload" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand reload" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand reload" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand reload" -l wait -d 'Return when the config is in force, or say what is wrong with it'
complete -c callmux -n "__fish_callmux_using_subcommand reload" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand list" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand list" -l endpoint -d 'Ask the MCP server at this address of this machine instead, such as http://127.0.0.1:4860/mcp' -r
complete -c callmux -n "__fish_callmux_using_subcommand list" -l config -d 'With --no-daemon: the config\'s directory or file' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand list" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand list" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand list" -s d -l descriptions -d 'With the tools\' descriptions'
complete -c callmux -n "__fish_callmux_using_subcommand list" -l json -d 'For programs: an array of {name, server, description}'
complete -c callmux -n "__fish_callmux_using_subcommand list" -l no-daemon -d 'Ask every server of the config without a daemon: programs are started for that, and ended'
complete -c callmux -n "__fish_callmux_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand server; and not __fish_seen_subcommand_from add remove list" -l config -d 'The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand server; and not __fish_seen_subcommand_from add remove list" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand server; and not __fish_seen_subcommand_from add remove list" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand server; and not __fish_seen_subcommand_from add remove list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand server; and not __fish_seen_subcommand_from add remove list" -f -a "add" -d 'Add a server: a program that speaks MCP on stdin and stdout, or an address'
complete -c callmux -n "__fish_callmux_using_subcommand server; and not __fish_seen_subcommand_from add remove list" -f -a "remove" -d 'Take away a server that `callmux server add` added'
complete -c callmux -n "__fish_callmux_using_subcommand server; and not __fish_seen_subcommand_from add remove list" -f -a "list" -d 'List the servers of the config, and where each is written. Asks no daemon'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l url -d 'The address of a remote server that speaks streamable HTTP' -r
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l auth -d 'How callmux proves itself to the server at the URL' -r -f -a "bearer\t'A token that does not change'
command\t'A token that a program prints'
oauth\t'A person\'s consent, with `callmux login NAME`'"
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l token -d 'For `--auth bearer`: the token, best as \'${cmd:…}\', \'${file:…}\' or \'${cred:…}\'' -r
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l token-command -d 'For `--auth command`: the program that prints the token, with its arguments' -r
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l header -d 'A header for every request to the URL; may be repeated' -r
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l env -d 'An environment variable for the program; may be repeated' -r
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l prefix -d 'What stands before the server\'s tool names [default: its name]' -r
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l tools -d 'The only tools to show, by the server\'s own names; `*` stands for any characters' -r
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l config -d 'The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l dry-run -d 'Check it and print the file, without writing it'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l wait -d 'Return when the daemon has the server ready or it is known why not; also if the daemon is still to be started. Without this, that is so where it runs, and else the server is started once to see what it offers'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l no-probe -d 'Only write it down: do not look whether the server works'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -l config -d 'The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -l dry-run -d 'Check it and name the file, without removing it'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -l wait -d 'Return when the server is gone'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from list" -l config -d 'The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from list" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from list" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from list" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand server; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -f -a "list" -d 'List the clients that callmux knows, whether they are here, and which file of theirs it is about'
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -f -a "attach" -d 'Write callmux into a client\'s file, as one of its MCP servers'
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -f -a "detach" -d 'Take callmux out of a client\'s file. Nothing else in it changes'
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -f -a "status" -d 'Say of each client that is here, or named, whether callmux is attached to it'
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -f -a "print" -d 'Print the entry for a client\'s file, to be pasted'
complete -c callmux -n "__fish_callmux_using_subcommand client; and not __fish_seen_subcommand_from list attach detach status print undo" -f -a "undo" -d 'Bring a client\'s file back, byte for byte, as it was before the last attach or detach'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from list" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from list" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from list" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l all -d 'All clients that are here'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l project -d 'The file of the project in this directory, in place of the user\'s'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -s y -l yes -d 'Do not ask'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l dry-run -d 'Show what would change, and change nothing'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l json -d 'For programs; asks nothing, so it wants --yes or --dry-run'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l http -d 'Have the client ask the address that the config has callmux listen on, and start no program'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -l replace -d 'Take out the entries of servers that callmux runs itself, and write ours in place of another `callmux`. `undo` brings them back'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -l all -d 'All clients that are here'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -l project -d 'The file of the project in this directory, in place of the user\'s'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -s y -l yes -d 'Do not ask'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -l dry-run -d 'Show what would change, and change nothing'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -l json -d 'For programs; asks nothing, so it wants --yes or --dry-run'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from detach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from status" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from status" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from status" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from print" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from print" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from print" -l http -d 'With the address that the config has callmux listen on, in place of a program'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from print" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -l all -d 'All clients that are here'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -l project -d 'The file of the project in this directory, in place of the user\'s'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -s y -l yes -d 'Do not ask'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -l dry-run -d 'Show what would change, and change nothing'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -l json -d 'For programs; asks nothing, so it wants --yes or --dry-run'
complete -c callmux -n "__fish_callmux_using_subcommand client; and __fish_seen_subcommand_from undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand import" -l out -d 'The file to write [default: conf.d/from-WHERE.toml in the config directory]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand import" -l config -d 'The config: a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand import" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand import" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand import" -l dry-run -d 'Print what would be written, and write nothing'
complete -c callmux -n "__fish_callmux_using_subcommand import" -l force -d 'Replace a file that is there already'
complete -c callmux -n "__fish_callmux_using_subcommand import" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand retry" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand retry" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand retry" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand start" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand start" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand start" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand stop" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand stop" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand stop" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand restart" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand restart" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand restart" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand login" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand login" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand login" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand login" -l no-browser -d 'Only print the address to open. If the browser runs on another machine, paste the address that it ends up at'
complete -c callmux -n "__fish_callmux_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand logout" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand logout" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand logout" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand demo" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand demo" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand demo" -l keep -d 'Leave the daemon running at the end, and print the entry for your client'
complete -c callmux -n "__fish_callmux_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand example-server" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand example-server" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand example-server" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand instructions" -l client -d 'The client, as it names itself (`[clients.NAME]` in the config): claude-code, codex …' -r
complete -c callmux -n "__fish_callmux_using_subcommand instructions" -l mode -d 'Which tools it lists [default: as the config says]' -r -f -a "full\t''
hybrid\t''
meta-only\t''
no-meta\t''"
complete -c callmux -n "__fish_callmux_using_subcommand instructions" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand instructions" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand instructions" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand instructions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -f -a "check" -d 'Say everything that is wrong, each with file, line and column'
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -f -a "show" -d 'Print what is in force, and where each value comes from'
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -f -a "plan" -d 'Ask the daemon what a reload would do to its servers, without doing it'
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -f -a "schema" -d 'Print the JSON Schema, for editors'
complete -c callmux -n "__fish_callmux_using_subcommand config; and not __fish_seen_subcommand_from check show plan schema keys" -f -a "keys" -d 'Print the table of all keys, in Markdown'
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from check" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from check" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from show" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from plan" -l socket -d 'The daemon\'s unix socket [default: $XDG_RUNTIME_DIR/callmux/mcp.sock]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from plan" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from plan" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from plan" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from plan" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from schema" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from schema" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from schema" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from keys" -l config -d 'The config: a file, or a directory with config.toml and conf.d/*.toml [default: ~/.config/callmux]' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from keys" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from keys" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand config; and __fish_seen_subcommand_from keys" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -l tools -d 'The tools, as JSON' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -l queries -d 'The queries and what they should find, as JSON' -r -F
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -l no-thesaurus -d 'Let words mean what they are only: no "remove" for "delete"'
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -l verbose -d 'Name each query whose best tool is not among the first five'
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -l json -d 'For programs'
complete -c callmux -n "__fish_callmux_using_subcommand search-quality" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand completions" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand completions" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c callmux -n "__fish_callmux_using_subcommand man" -l log-level -d 'What is written to stderr, at the least. Where none is asked for, `serve` also writes each call; the journal always gets every call' -r -f -a "error\t''
warning\t''
info\t''
debug\t''"
complete -c callmux -n "__fish_callmux_using_subcommand man" -l log-format -d 'The form of a line on stderr' -r -f -a "text\t'For people'
json\t'One JSON object per line'"
complete -c callmux -n "__fish_callmux_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
