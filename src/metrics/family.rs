//! What there is to say of a family of metrics.

/// One family. Its name ends in its unit, and in `_total` if it is a counter (Prometheus, "Metric and label
/// naming").
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    pub name: &'static str,
    pub kind: FamilyKind,
    /// What tells its series apart.
    pub labels: &'static [&'static str],
    /// What one of it is.
    pub unit: &'static str,
    pub help: &'static str,
}

/// The type of a family (Prometheus, "Exposition formats").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Grows, and begins anew with the daemon.
    Counter,
    /// As it is now.
    Gauge,
    /// Observations in buckets, with their sum and count.
    Histogram,
    /// Observations with their sum and count alone.
    Summary,
}

impl FamilyKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}
