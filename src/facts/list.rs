//! The closed list of facts. What there is to say of each stands in one place, in the file of those
//! that it goes with.

use super::about::{About, FieldNames};
use super::describe::{FactField, FactKind};
use super::record::Record;

/// What a fact is held in: itself, or what is named.
macro_rules! held {
    ($name:ident) => {
        $name
    };
    ($name:ident in $held:ty) => {
        $held
    };
}

/// Lists the facts of each file. One that is large is `in` a box.
macro_rules! facts {
    ($($file:ident: $($name:ident $(in $held:ty)?),+;)+) => {
        $(pub use super::$file::{$($name),+};)+

        /// Something that happened.
        #[derive(Debug, Clone)]
        pub enum Fact {
            $($($name(held!($name $(in $held)?)),)+)+
        }

        $($(impl From<held!($name $(in $held)?)> for Fact {
            fn from(fact: held!($name $(in $held)?)) -> Self {
                Self::$name(fact)
            }
        })+)+

        impl Fact {
            pub fn about(&self) -> &'static About {
                match self {
                    $($(Self::$name(_) => $name::ABOUT,)+)+
                }
            }

            /// The written form.
            pub fn record(&self) -> Record<'_> {
                match self {
                    $($(Self::$name(fact) => fact.record(),)+)+
                }
            }
        }

        /// Every kind of fact, with its fields in the order in which they are written.
        pub fn all() -> Vec<(&'static About, Vec<FieldNames>)> {
            vec![$($(($name::ABOUT, $name::FIELDS.iter().map(FactField::names).collect()),)+)+]
        }
    };
}

facts! {
    daemon: DaemonStarted, ListenerOpened, ListenerRefused, DaemonReady, DaemonDraining, DaemonStopped,
        DaemonUpgraded, DaemonIdle, StrayStopped, MemoryGivenBack;
    config: ConfigLoaded, ConfigRefused, ConfigReloaded, ConfigChanged, LastGoodConfigUsed, ConfigUnwatched;
    server: ServerStarted, ServerDialed, ServerReady, ServerAdopted, ServerFailed, ServerUnusable,
        ServerStopped, ServerOrdered;
    words: ServerMisbehaved, ServerWrote, ServerWroteTooMuch, DefinitionsRefused, DefinitionMoved,
        ToolsChanged;
    session: SessionOpened, SessionClosed, SessionEnded, LinkLost, LinkResumed, ClientBehind, ClientGivenUp;
    door: PeerRefused, CapReached;
    call: CallFinished in Box<CallFinished>;
    cancelled: CallCancelled;
    approval: ApprovalAsked, ApprovalAnswered;
    gap: CallsMissing, FactsLost, AuditUnwritable, AuditGap, HistoryUnwritable,
        HistorySetAside;
}
