//! Why the text of a value cannot be used.

/// What is wrong with a text, and what would be right. A complaint tells it with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("`{0}` is no duration; write for example \"30s\", \"5m\" or \"250ms\"")]
    Duration(String),
    #[error("`{0}` is no moment; write for example \"2027-03-01\" or \"2027-03-01T12:00:00Z\"")]
    Moment(String),
    #[error("`{0}` is no size; write for example \"64KiB\", \"4MB\" or \"512B\"")]
    Size(String),
    #[error("`{0}` has no unit; write \"{1}\"")]
    Unit(String, String),
    #[error("`{0}` is too large; the limit is 1GiB")]
    SizeMax(String),
    /// What is written may be a secret.
    #[error("must begin with `http://` or `https://`")]
    Scheme,
    #[error("is no URL: {0}")]
    Url(String),
    #[error("must not hold a user or a password; send `Authorization` with `headers`")]
    User,
    #[error("names no host")]
    Host,
    #[error("{0} has no place in JSON; write a text")]
    Json(&'static str),
    #[error("`{0}` is not closed by `}}`; write `$${{` for a literal `${{`")]
    Open(String),
    #[error(
        "`${{{0}}}` is no reference; known are ${{NAME}}, ${{NAME:-default}}, ${{file:PATH}}, ${{cred:NAME}} and ${{cmd:PROGRAM ARGUMENT…}}"
    )]
    Reference(String),
    #[error("the environment variable {0} is not set")]
    Variable(String),
    #[error(
        "`${{cred:{0}}}`: there are no credentials; add `LoadCredential={0}:…` to callmux.service"
    )]
    NoCredentials(String),
    #[error(
        "`${{cred:{0}}}`: the service has no such credential; add `LoadCredential={0}:…` to callmux.service"
    )]
    NoCredential(String),
    #[error("`${{cred:{0}}}`: `{0}` is no credential name")]
    CredentialName(String),
    #[error("{0}")]
    File(String),
    #[error("{0}, or have a program read it: `${{cmd:cat PATH}}`")]
    Pipe(String),
    #[error("{0}: it is not UTF-8")]
    NotUtf8(String),
    #[error("`${{cmd:…}}` is for `[servers.…]` only")]
    ProgramElsewhere,
    #[error("`${{cmd:{0} …}}`: {1}")]
    Words(String, String),
    #[error("the program of `${{cmd:{0} …}}` {1}")]
    Program(String, String),
    #[error("the program was not run: a config has at most {0}, and only servers have any")]
    NotRun(usize),
}
