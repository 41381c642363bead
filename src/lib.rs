//! callmux: the local control plane between AI agents and MCP servers.
//!
//! > The agent's session never ends because of us. Every call gets exactly one answer. A call that
//! > may have changed something is never silently sent twice. Nobody sees another principal's data.
//! > Every decision is in the journal.
//!
//! # The house
//!
//! Each folder of `src` is a room. A room imports only rooms on storeys below its own: those that the
//! table in `tests/tidy/plan.rs` allows it, which fails on any other import. A room stands right above the
//! highest that it may import.
//!
//! ```text
//! 15   cli ──────────── every verb
//! 14   standalone ───── one client, and no daemon
//!      fuzz ─────────── what a fuzzer drives
//! 13   daemon ───────── puts the house together, the one control loop
//! 12   front ────────── clients come in
//! 11   sessions ─────── the sessions of clients
//!      search_quality ─ how well tools are found
//!      admin ────────── operators look in
//! 10   client ───────── what one says and hears
//!      meta ─────────── tools of our own, made of calls
//!  9   mux ──────────── the life of every call
//!  8   targets ──────── what a request is for
//!  7   updates ──────── newer versions of servers
//!      world ────────── what holds now, as one value
//!  6   catalog ──────── what all servers offer, and under which names
//!      management ───── operators who speak the API of the npm callmux
//!      packages ─────── what people have in hand, as servers of ours
//!      audit_review ─── what was done, read back
//!      history_review ─ what happened, looked up
//!      setup ────────── from the files of clients to a daemon, and back
//!      attachments ──── callmux in the files of clients, by word
//!      pin_review ───── what servers changed, by word
//!      shell ────────── a command line as a client
//!      cache ────────── what calls that only read brought
//!      instances ────── a server for each directory
//!  5   approval_review  what waits for a person, by word
//!      doctor ───────── what is seen without a daemon
//!      changes ──────── what somebody has callmux change, and back
//!      imports ──────── what configs of others say, as ours
//!      completion ───── what a shell is told while somebody types
//!      grants ───────── who may, by word
//!      servers ──────── one MCP server's life
//!      bridge ───────── a small program of its own
//!      desktop ──────── what is asked by a notification
//!  4   config ───────── from files to what is wanted
//!      approvals ────── what a person is asked about
//!      dashboard ────── a page that shows how everything is
//!      connection ───── what is said with a server
//!      activation ───── a daemon when one is needed
//!  3   keys ─────────── how each value of a config is read
//!      instructions ─── what agents should know of us
//!      api ──────────── what operators and the daemon say
//!      access ───────── who may: the one gate
//!      peers ────────── who is at the other end
//!      oidc ─────────── whom an issuer's token proves
//!      process ──────── how a server's program runs
//!      credentials ──── what proves us to a server
//!      outbox ───────── what waits for a client to read
//!      history ──────── what happened, to be looked up
//!  2   settings ─────── what is wanted
//!      replies ──────── what callmux says itself
//!      demo ─────────── how it all works
//!      definitions ──── what servers offer, made readable
//!      event_streams ── answers over HTTP that take their time
//!      telemetry ────── what happened, written down
//!      clients ──────── whose files our entry stands in
//!      representation ─ a result, as its client reads it
//!  1   audit ────────── what was done, and that it is still what was written
//!      facts ────────── what can happen, as a closed list
//!      calls ────────── calls that have not ended
//!      terminal ─────── the only room that prints
//!      arguments ────── what a call is given
//!      render ───────── how results read
//!      compression ──── how definitions read
//!      results ──────── what is kept of a call
//!      search ───────── which tools are meant
//!      schema ───────── what a schema is good for
//!      manual ───────── what manual pages say
//!      pins ─────────── what of servers was accepted
//!      bundles ──────── archives from outside
//!      example ──────── small MCP servers in the binary
//!      handover ─────── what outlives the process
//!      lenient ──────── what is meant by what is slightly wrong
//!      tls ──────────── what we show of ourselves over TLS
//!      lasting ──────── where our program stays
//!      remedy ───────── what a config with a mistake was meant to say
//!  0   base ─────────── names, ids, tasks
//!      ledger ───────── what was sent, and what that saved
//!      metrics ──────── what can be counted
//!      http ─────────── a server is asked
//!      json ─────────── a value, as it is written
//!      wire ─────────── MCP on the wire
//! ```
//!
//! | room | read it for |
//! | --- | --- |
//! | [`base`] | names, ids, principals, secrets, directories, atomic files, named tasks, large work off the loop |
//! | [`audit`] | what was done, in files of ours whose lines are chained by their hashes |
//! | [`http`] | connections to HTTP servers, kept and driven by who waits for an answer |
//! | [`json`] | a JSON value that keeps its order and its digits, as a tree or where it stands |
//! | [`terminal`] | what is written to a terminal, how wide it is, whether it takes colours; exit codes |
//! | [`demo`] | a daemon, two servers and a client, in a temporary home |
//! | [`arguments`] | references in arguments, types put right, what does not fit a schema |
//! | [`render`] | JSON and TOON, previews and pages of large results |
//! | [`instructions`] | what an agent should know about callmux, for its rules and for its session |
//! | [`compression`] | definitions of tools that read shorter and bind the same, a tool on one line |
//! | [`replies`] | what callmux says itself: how it introduces itself, what is said of a call without an answer |
//! | [`representation`] | white space taken out, TOON, what stands for a result that is too large |
//! | [`results`] | results too large for a client, kept until it has paged through them |
//! | [`search`] | which tools a query in words is about |
//! | [`schema`] | whether everybody can compile a JSON Schema |
//! | [`wire`] | JSON-RPC on borrowed bytes, the two eras and what lies between them, framing, the link |
//! | [`lenient`] | what servers write that are slightly wrong, read as it was meant |
//! | [`lasting`] | which places go away with what runs there, and a copy of our program that stays |
//! | [`tls`] | the certificate that this daemon shows, with its key, and what is wrong with one |
//! | [`remedy`] | what a wrong line, value or key of a config was meant to be, as text to paste |
//! | [`handover`] | what the next process of ours finds: descriptors, tables, what a server had said |
//! | [`definitions`] | definitions that are slightly wrong, made right |
//! | [`settings`] | what is wanted, typed; what separates two configs |
//! | [`clients`] | the clients that are known: their files, our entry in them, edits that change nothing else |
//! | [`event_streams`] | streams of events, and what is kept of them for who comes back |
//! | [`outbox`] | what waits for a client that has not read it yet, and when it is given up |
//! | [`approvals`] | calls that wait for a person's word, and what was said of which |
//! | [`calls`] | the calls in flight: how many there are, when they must end, which they are |
//! | [`facts`] | the closed list of what can happen, and what is said of each |
//! | [`telemetry`] | how what happened is recorded and written |
//! | [`bundles`] | archives with servers in them: looked at, unpacked without harm, what their manifests say |
//! | [`manual`] | the manual pages of the verbs, words of other programs and what does the same here |
//! | [`pins`] | what of each server was accepted, and what differs from it now |
//! | [`example`] | servers to try things with |
//! | [`keys`] | every key in one table; the value of one, with what it refers to |
//! | [`config`] | files to those settings; what separates two configs |
//! | [`api`] | every endpoint of the management API in one table, and what each answers, as both sides have it |
//! | [`dashboard`] | the files of the dashboard, its codes and visits, what its page may ask, the page without a script |
//! | [`access`] | the gate that decides about every act; tokens, rules, limits |
//! | [`peers`] | the checks at the door: whose a connection is, where it comes from, how many there may be |
//! | [`oidc`] | tokens of an issuer: how they are signed, what they must say, which keys it has |
//! | [`process`] | a server's process: a unit of systemd or a child; pipes, sandbox, the end |
//! | [`credentials`] | what proves us to a remote server: tokens, programs that print them, logins |
//! | [`connection`] | requests and answers, questions and notices of one server |
//! | [`activation`] | a daemon that is away is brought back: by systemd, or by whoever needs it |
//! | [`doctor`] | what can be seen of an installation without a daemon |
//! | [`changes`] | sections of the config changed for somebody, in files of ours; the last changes, taken back |
//! | [`management`] | the management API of the npm callmux, on that of ours |
//! | [`imports`] | files of clients, of the npm callmux and of mcpmux as servers of ours; secrets moved out of them |
//! | [`packages`] | snippets, pasted lines, names of registries, archives as servers of ours; versions pinned |
//! | [`grants`] | tokens made, replaced and revoked; what the rules say of somebody, without a daemon |
//! | [`pin_review`] | what of servers changed, shown as a diff and accepted; the lock text of a team |
//! | [`updates`] | newer versions of servers: what they change in the tools, tried before they are switched to |
//! | [`servers`] | handshakes, what each offers, supervision, a look at one without a daemon |
//! | [`setup`] | what clients have, run behind callmux: found, tried, taken over, attached, proven; and all of it back |
//! | [`instances`] | servers that run once for each directory: which there are, who has which |
//! | [`catalog`] | what all servers offer; names and what they resolve to |
//! | [`cache`] | results that are given again, calls that wait for the same call, what makes them untrue |
//! | [`world`] | what holds now: config, servers, what they offer, who may do what |
//! | [`metrics`] | families of metrics, their series and durations, requests over HTTP, the text of Prometheus |
//! | [`ledger`] | accounts of what was sent to models, and of what servers of their own would have |
//! | [`targets`] | whose a name, a URI or a task is, and what is said where there is nothing |
//! | [`mux`] | the life of a call, phase by phase |
//! | [`meta`] | the tools that callmux itself gives to agents |
//! | [`client`] | what a message means, sessions, what a client is told unasked |
//! | [`sessions`] | sessions over HTTP, links and SSE: which there are, how their requests run, what outlives us |
//! | [`front`] | streamable HTTP, HTTP with SSE, stdio, the daemon's end of the link |
//! | [`admin`] | what answers the management API, live events, `/metrics`, and who is let in to which of it |
//! | [`daemon`] | sockets, systemd, assembly, reload, the order of stopping |
//! | [`bridge`] | the client's stdio server that outlives any daemon |
//! | [`desktop`] | calls that wait for a person, shown as notifications with answers |
//! | [`approval_review`] | `callmux approvals`: calls that wait for a person, shown and answered |
//! | [`history`] | what happened, as rows of a file that is lost before a call is; how they are found again |
//! | [`history_review`] | `callmux events`: what happened, looked up |
//! | [`audit_review`] | `callmux audit`: what was done, read back, and whether it is what was written |
//! | [`attachments`] | `callmux client`: what the files of clients say, shown, changed and put back |
//! | [`completion`] | what can stand where a command line ends: names of servers, tools and clients; the scripts of shells |
//! | [`shell`] | a command line as a client: one request, its answer on stdout, an exit code |
//! | [`standalone`] | one client on stdin and stdout: a config, or one server of a command line |
//! | [`search_quality`] | how well the search for tools finds them |
//! | [`cli`] | arguments, and what each verb says |
//! | `fuzz` | what has to hold of any input; in no build but that of `fuzz/` |
//!
//! # The life of a call
//!
//! A client's bytes reach [`front`], which reads the envelope with borrowed fields
//! ([`wire::message`]) and has it said what it means ([`client::handle`]). A request for one server passes
//! [`mux::dispatch::serve`] phase by phase, and so does each call that a tool of our own makes
//! ([`meta`]). There, as wherever a client wants something of a server or of us, the gate is asked
//! ([`access::gate`]); [`connection`] sends nothing without the permit that it gives. It gives the request an
//! id of its own and writes the client's bytes with three spans replaced. The answer comes back the same
//! way, under the client's id. Nothing between is parsed into a model and written anew.
//!
//! # Two kinds of state
//!
//! The data path takes one immutable snapshot ([`world::World`]) and keeps it to the end. The
//! control path is one loop ([`daemon::control`]); the running world changes nowhere else, and the
//! config in one way only: somebody writes a file, and the loop reads it ([`daemon::reload`]). What a
//! server does when ([`servers::machine`]) and what a bridge does about a cut ([`bridge`],
//! [`wire::link::endpoint`]) are values without I/O, driven by seeded simulation in the tests.
//!
//! # What outlives the process
//!
//! Under systemd, whatever must go on lies in its fd store: our ends of each server's pipes, what was
//! read from them and not acted on ([`handover::Window`]), who each server is ([`handover::card`]), the
//! calls in flight ([`handover::call`]) and those that nobody goes on with ([`handover::act`]), the links
//! ([`handover::link`]), and the sessions of HTTP with what their clients want to hear
//! ([`handover::session`]). All of it is written as things happen, so a crash is no other case than a
//! restart. Results that were too large for their clients lie in the state directory ([`results`]). The
//! next process takes it over ([`daemon::takeover`]) and tells each bridge which of its calls are
//! running, which were never sent, and which it has to ask about again ([`wire::link`]).
//!
//! # Words
//!
//! client (the agent's MCP client) · session · link (bridge to daemon) · server (a configured MCP
//! server) · instance (of a server, for one directory) · tool · meta-tool (one of callmux's own) · call ·
//! result · stored result (too large for its client, which reads on by its ref) · catalog · principal ·
//! policy · fact · world (snapshot) · era (legacy or modern).

mod access;
mod activation;
mod admin;
mod api;
mod approval_review;
mod approvals;
mod arguments;
mod attachments;
mod audit;
mod audit_review;
mod base;
mod bridge;
mod bundles;
mod cache;
mod calls;
mod catalog;
mod changes;
mod cli;
mod client;
mod clients;
mod completion;
mod compression;
mod config;
mod connection;
mod credentials;
mod daemon;
mod dashboard;
mod definitions;
mod demo;
mod desktop;
mod doctor;
mod event_streams;
mod example;
mod facts;
mod front;
#[cfg(fuzzing)]
pub mod fuzz;
mod grants;
mod handover;
mod history;
mod history_review;
mod http;
mod imports;
mod instances;
mod instructions;
mod json;
mod keys;
mod lasting;
mod ledger;
mod lenient;
mod management;
mod manual;
mod meta;
mod metrics;
mod mux;
mod oidc;
mod outbox;
mod packages;
mod peers;
mod pin_review;
mod pins;
mod process;
mod remedy;
mod render;
mod replies;
mod representation;
mod results;
mod schema;
mod search;
mod search_quality;
mod servers;
mod sessions;
mod settings;
mod setup;
mod shell;
mod standalone;
mod targets;
mod telemetry;
mod terminal;
mod tls;
mod updates;
mod wire;
mod world;

pub use cli::main;
