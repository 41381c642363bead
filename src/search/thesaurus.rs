//! Words of software work that stand for each other.
//!
//! General knowledge of the language, not of any server: a line belongs here if it would stand in a
//! dictionary for people who work with computers.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::stem::stem;

/// One sense per line. Words behind a comma; a word may stand in several lines.
const SENSES: &str = "\
create, add, new, make, insert, open, generate, build, start, set up, put
delete, remove, drop, erase, discard, destroy, trash, clear, get rid of, throw away, wipe, purge
list, show, enumerate, display, view, browse, see, overview, what are
get, fetch, read, retrieve, obtain, load, receive, download, look at, pull
find, search, look up, look for, locate, query, discover, seek, lookup, hunt
update, edit, change, modify, alter, patch, revise, amend, adjust, set, overwrite
write, save, store, put, persist, record, note down
rename, move, relocate, call
copy, duplicate, clone, replicate, fork
send, post, publish, submit, deliver, share, transmit, tell
reply, answer, respond, comment
comment, note, remark, annotation, review, feedback, observation
close, finish, end, complete, resolve, shut
open, start, begin, launch
start, run, launch, execute, begin, trigger, invoke, boot, spin up, kick off
stop, end, terminate, kill, halt, cancel, abort, shut down, quit, interrupt
restart, reboot, reload, refresh
cancel, abort, revoke, call off, withdraw
undo, revert, roll back, rollback, restore, unstage, reset, take back, discard
restore, recover, undelete, bring back
enable, activate, turn on, switch on, allow
disable, deactivate, turn off, switch off, block
merge, combine, join, unite, integrate
split, divide, separate
compare, diff, difference, contrast, what changed, changes, delta
check, verify, validate, test, inspect, examine
inspect, describe, details, explain, info, information, metadata, properties, about
describe, explain, summarize, summary, outline
count, number, how many, amount, total
calculate, compute, evaluate, work out
convert, transform, translate, change, turn into
translate, language
parse, extract, analyze, scrape
analyze, analyse, examine, study, investigate, inspect
sort, order, rank, arrange
filter, select, narrow, restrict
select, choose, pick, query
subscribe, follow, watch, monitor, listen
watch, monitor, observe, track
unsubscribe, unfollow, leave
join, enter
connect, attach, link, bind, associate, relate
disconnect, detach, unlink
relation, relationship, link, connection, edge, association
entity, node, object, item, thing
invite, add
assign, give, allocate, hand
approve, accept, confirm, grant
reject, decline, deny, refuse, dismiss
lock, freeze, protect
unlock, release
install, add, set up
uninstall, remove
deploy, release, ship, roll out, publish, rollout
upload, attach, push, put
download, fetch, save, pull
import, load
export, dump, download, extract
backup, dump, snapshot, copy, back up
archive, compress, zip, pack
extract, unzip, decompress, unpack
log in, login, sign in, authenticate, authorize
log out, logout, sign out
schedule, plan, arrange, book, calendar
schedule, cron, timer
book, reserve
remind, reminder, alarm, notify
notify, alert, notification, warn, ping
click, press, tap, push
type, enter, fill, input, write
navigate, go to, visit, open, browse, goto
screenshot, capture, picture of the page, snapshot
scroll, swipe
draw, paint, render, plot
think, reason, reflect, ponder
ask, question, prompt
remember, memorize, store, save, memory
recall, remember, memory, retrieve
forget, delete, erase
mark, flag, label, tag
label, tag, category, mark
limit, maximum, max, cap
increase, grow, scale, raise, enlarge
scale, resize
shrink, reduce, resize
issue, ticket, bug, defect, problem, bug report
task, todo, to do, ticket, work item
pull request, merge request, pr, mr
repository, repo, project, codebase
branch, line of development
commit, revision, changeset, checkin, check in, save
history, log, past, timeline, commits
log, logs, output, journal, trace
tag, release, version
version, revision, release
diff, patch, changes
stage, index, add
status, state, condition, health, how is
file, document, text
document, doc, page, article
folder, directory, dir
directory, folder, path, tree
tree, hierarchy, structure, nested
path, location
disk, drive, filesystem, storage, file system
permission, access, rights, privilege
size, large, big, length
content, text, body, contents
line, row
head, first, beginning, top, start
tail, last, end
database, db, sql, datastore
table, relation, sheet
row, record, entry, line
column, field, attribute
schema, structure, definition, columns
query, sql, statement, select
insight, finding, learning, conclusion
collection, set, group
key, identifier, id
user, member, person, account, people, contact
person, people, human, contact
me, myself, whoami, who am i, current user, authenticated user
team, group, organization
organization, org, company, team
contact, address book, person
owner, author, creator
author, writer, who wrote
reviewer, assignee
customer, client, buyer
message, chat, text, dm, direct message
mail, email, message, inbox
channel, room, chat, conversation
conversation, thread, chat, discussion, dialog
thread, replies, discussion
emoji, reaction, like, thumbs up
react, reaction, emoji
event, meeting, appointment
meeting, event, call, appointment, conference
calendar, agenda, schedule
available, free, availability, busy, free slot
time, clock, hour, now
date, day, today
timezone, time zone, zone
weather, forecast, temperature, rain
map, directions, route, geography
place, location, venue
address, location
distance, far
image, picture, photo, screenshot
video, movie, clip, film
audio, sound, music, song, voice
website, site, web page, page, webpage
url, link, address, web address, href
web, internet, online
page, website, tab
browser, web, chrome
tab, window
form, field, input
button, element
html, markup
markdown, md
download, attachment
server, machine, host, instance, vm, virtual machine, box
instance, machine, vm
container, docker, pod
cluster, kubernetes, k8s
function, lambda, method, procedure
service, application, app
app, application, program
bucket, s3, blob, object storage
object, blob, file
secret, password, credential, token, key
environment variable, env, environment, variable
environment, env
config, configuration, settings, preferences, options, setup
setting, configuration, option, preference
metric, statistic, measurement, stats, figure
statistics, stats, metrics, numbers
chart, graph, plot, diagram
graph, network, knowledge graph
report, summary, overview
error, exception, failure, crash, fault, problem
incident, outage, alert
alarm, alert
workflow, pipeline, action, automation
pipeline, build, ci, workflow
job, run, task
build, compile
test, tests, check
package, library, module, dependency
dependency, requirement, package
code, source, program
snippet, gist, code
template, boilerplate, scaffold
note, memo, notes
wiki, documentation, docs, manual, knowledge base
documentation, docs, manual, reference
spreadsheet, sheet, excel, workbook
cell, field
slide, presentation, deck
board, kanban
card, ticket, item
sprint, iteration
milestone, goal, target
deadline, due date, due
priority, urgency, importance
price, cost, amount
cost, spending, billing, expense, bill
invoice, bill, receipt
payment, charge, transaction
refund, money back, reimburse
order, purchase
product, item, article
cart, basket
stock, share, ticker, inventory
currency, money, exchange rate
news, headline, article
random, arbitrary
process, program, running
memory, ram
cpu, processor
network, connection
port, socket
domain, dns, hostname
certificate, tls, ssl
firewall, security group
queue, topic, stream
cache, buffer
index, catalog
recent, latest, newest, last
old, stale, previous
all, every, everything
multiple, several, many, batch, bulk, various
replace, substitute, swap, exchange
append, add, extend, attach
format, prettify, lint
encode, encrypt
decode, decrypt
sign, signature
ship, deliver
switch, checkout, change, check out
checkout, switch
current, now, present, active
step, stage, phase
say, tell, write, speak, post
file a, file an, report a, report an, create, submit
edit, replace
mkdir, make directory, make folder, create directory, create folder
ls, list directory, list folder
cat, read file
rm, remove, delete
cp, copy
mv, move, rename
grep, search, find
curl, wget, fetch, download
ps, processes
kubectl, kubernetes, k8s
js, javascript
ts, typescript
py, python
repos, repositories
auth, authentication, authorization
admin, administrator, administration
async, asynchronous
param, parameter, argument
msg, message
info, information
id, identifier
regex, regexp, regular expression, pattern
";

/// A phrase, as stems; most have one word.
type Phrase = Vec<String>;

#[derive(Debug, Default)]
struct Thesaurus {
    senses: Vec<Vec<Phrase>>,
    /// Which senses a phrase has; the key is its stems with spaces between.
    by_phrase: HashMap<String, Vec<usize>>,
}

static THESAURUS: LazyLock<Thesaurus> = LazyLock::new(|| {
    let mut thesaurus = Thesaurus::default();
    for (sense, line) in SENSES.lines().enumerate() {
        let phrases: Vec<Phrase> =
            line.split(", ").map(|phrase| phrase.split(' ').map(stem).collect()).collect();
        for phrase in &phrases {
            thesaurus.by_phrase.entry(phrase.join(" ")).or_default().push(sense);
        }
        thesaurus.senses.push(phrases);
    }
    thesaurus
});

/// Words that the longest phrase has.
pub(super) const PHRASE_MAX: usize = 4;

/// What may stand for these stems, each a phrase of one or more stems.
pub(super) fn others(stems: &[String]) -> impl Iterator<Item = &'static [String]> {
    let senses = THESAURUS.by_phrase.get(&stems.join(" ")).map_or(&[][..], Vec::as_slice);
    let own = stems.to_vec();
    let phrases = senses.iter().flat_map(|sense| &THESAURUS.senses[*sense]);
    phrases.map(Vec::as_slice).filter(move |phrase| *phrase != own.as_slice())
}

/// Single words that have others, as stems.
pub(super) fn words() -> impl Iterator<Item = &'static str> {
    THESAURUS.by_phrase.keys().map(String::as_str).filter(|key| !key.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::{PHRASE_MAX, SENSES, others, stem};

    fn stand_for(text: &str) -> Vec<String> {
        let stems: Vec<String> = text.split(' ').map(stem).collect();
        others(&stems).map(|phrase| phrase.join(" ")).collect()
    }

    #[test]
    fn words_and_phrases_have_others() {
        assert!(stand_for("removing").contains(&"delet".to_owned()));
        assert!(stand_for("pull requests").contains(&"pr".to_owned()));
        assert!(stand_for("pr").contains(&"pull request".to_owned()));
        assert!(stand_for("xylophone").is_empty());
    }

    #[test]
    fn lines_are_well_formed() {
        for line in SENSES.lines() {
            let phrases: Vec<&str> = line.split(", ").collect();
            assert!(phrases.len() > 1, "{line}");
            for phrase in phrases {
                let is_plain =
                    phrase.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ');
                let words = phrase.split(' ').count();
                assert!(is_plain && words <= PHRASE_MAX && !phrase.is_empty(), "{line}");
            }
        }
    }
}
