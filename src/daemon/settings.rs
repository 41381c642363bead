//! The config in force, where it comes from, and what is wrong with the one that should be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::last_good;
use crate::config::plan::plan;
use crate::config::{self, Location, Reading};
use crate::settings::complaint::{Place, summary};
use crate::settings::{Complaint, Config, Plan};

/// What the daemon knows about its config.
#[derive(Debug)]
pub struct Settings {
    location: Option<Location>,
    /// The directory where the last good config is kept.
    state: Option<PathBuf>,
    in_force: Arc<Config>,
    /// The files of the config in force.
    files: Vec<PathBuf>,
    /// What is wrong with the newest config, which is not in force then.
    complaints: Vec<Complaint>,
    stand_in: StandIn,
    /// What decided about the newest config.
    consulted: BTreeSet<PathBuf>,
    /// The main file, once it was there.
    main_file: Option<PathBuf>,
    /// What is to say of the newest config although it can be used.
    remarks: Vec<Complaint>,
}

/// What is in force in place of a config that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandIn {
    /// The config that was in force before.
    Earlier,
    /// The one that was in force when the daemon last ran.
    LastGood,
    /// None at all: no server runs.
    Nothing,
}

/// What another look at the files found.
#[derive(Debug)]
pub enum Look {
    /// What was found before.
    Same,
    /// Another config, or the one in force after another was refused.
    Fresh { config: Arc<Config>, plan: Plan },
    /// A config that must not be used.
    Refused,
}

impl Settings {
    /// A config that comes from no file.
    pub fn fixed(config: Config) -> Self {
        Self {
            location: None,
            state: None,
            in_force: Arc::new(config),
            files: Vec::new(),
            complaints: Vec::new(),
            stand_in: StandIn::Nothing,
            consulted: BTreeSet::new(),
            main_file: None,
            remarks: Vec::new(),
        }
    }

    /// Reads the config at the start. `state`: where the last good one is kept.
    pub fn read(
        location: Option<Location>,
        state: Option<PathBuf>,
    ) -> Result<Self, Vec<Complaint>> {
        let mut settings = Self { location, state, ..Self::fixed(config::load::empty()) };
        match settings.look() {
            Look::Same | Look::Fresh { .. } => Ok(settings),
            Look::Refused => Err(settings.complaints),
        }
    }

    /// The same where a refused config must not keep the daemon from starting: the last good one
    /// is used, or none.
    pub fn read_or_stand_in(location: Option<Location>, state: Option<PathBuf>) -> Self {
        let mut settings = Self { location, state, ..Self::fixed(config::load::empty()) };
        if matches!(settings.look(), Look::Refused)
            && let (Some(location), Some(state)) = (&settings.location, &settings.state)
            && let Some((config, files)) = last_good::restore(state, location)
        {
            let main = location.main_file();
            settings.main_file = files.iter().find(|file| **file == main).cloned();
            settings.in_force = Arc::new(config);
            settings.files = files;
            settings.stand_in = StandIn::LastGood;
        }
        settings
    }

    /// Looks at the files again. What is found is in force from now on, unless it is refused.
    pub fn look(&mut self) -> Look {
        match self.location.as_ref().map(Location::read) {
            Some(reading) => self.judge(reading),
            None => Look::Same,
        }
    }

    /// The same with what was read at [`Settings::location`] a moment ago.
    pub fn judge(&mut self, reading: Reading) -> Look {
        let Some(location) = &self.location else { return Look::Same };
        let Reading { config, texts, consulted, main_file, remarks } = reading;
        self.consulted = consulted;
        self.remarks = remarks;
        let files: Vec<PathBuf> = texts.iter().map(|text| text.path.clone()).collect();
        let config = match (config, &self.main_file) {
            (Ok(_), Some(main)) if !files.contains(main) => Err(vec![gone(main)]),
            (config, _) => config,
        };
        match config {
            Err(complaints) if complaints == self.complaints => Look::Same,
            Err(complaints) => {
                self.complaints = complaints;
                Look::Refused
            }
            Ok(config) => {
                let was_refused = !self.complaints.is_empty();
                self.complaints.clear();
                self.main_file = files.iter().find(|file| **file == main_file).cloned();
                if let Some(state) = &self.state {
                    last_good::keep(state, location, &texts);
                }
                if config == *self.in_force && files == self.files && !was_refused {
                    return Look::Same;
                }
                let plan = plan(&self.in_force, &config);
                self.in_force = Arc::new(config);
                self.files = files;
                self.stand_in = StandIn::Earlier;
                Look::Fresh { config: self.in_force.clone(), plan }
            }
        }
    }

    /// Says what a look would do, without doing it; it may take as long as reading takes.
    pub fn planner(&self) -> impl FnOnce() -> Result<Plan, Vec<Complaint>> + Send + use<> {
        let (location, main_file) = (self.location.clone(), self.main_file.clone());
        let in_force = self.in_force.clone();
        move || {
            let Some(location) = location else { return Ok(Plan::default()) };
            let reading = location.read();
            let is_there = |main: &PathBuf| reading.texts.iter().any(|text| text.path == *main);
            match &main_file {
                Some(main) if reading.config.is_ok() && !is_there(main) => Err(vec![gone(main)]),
                _ => reading.config.map(|config| plan(&in_force, &config)),
            }
        }
    }

    pub fn in_force(&self) -> &Arc<Config> {
        &self.in_force
    }

    pub fn location(&self) -> Option<&Location> {
        self.location.as_ref()
    }

    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }

    /// What is in force instead of the newest config; `None` if that is.
    pub fn stand_in(&self) -> Option<StandIn> {
        (!self.complaints.is_empty()).then_some(self.stand_in)
    }

    /// Every file that decided about the newest config.
    pub fn consulted(&self) -> &BTreeSet<PathBuf> {
        &self.consulted
    }

    /// What is to say of the newest config although it can be used.
    pub fn remarks(&self) -> &[Complaint] {
        &self.remarks
    }

    /// What is wrong, in one line.
    pub fn complaint(&self) -> Option<String> {
        summary(&self.complaints)
    }
}

/// A file that was there is more likely to be on its way than to be unwanted.
fn gone(main: &Path) -> Complaint {
    let message = "it was there and is gone; write an empty file if there is to be nothing in it";
    let at = Place::of_file(&main.into());
    Complaint { at, key: String::new(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Look, Settings};
    use crate::base::file;
    use crate::config::Location;

    #[test]
    fn only_what_differs_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let main = dir.path().join("config.toml");
        let write = |text: &str| file::replace(&main, text.as_bytes()).unwrap();
        write("[servers.a]\ncommand = \"x\"\n");
        let mut settings = Settings::read(Some(Location::named(dir.path())), None).unwrap();
        assert!(matches!(settings.look(), Look::Same));
        write("# nothing new\n[servers.a]\ncommand = \"x\"\n");
        assert!(matches!(settings.look(), Look::Same));

        write("[servers.a]\ncomand = \"x\"\n");
        assert!(matches!(settings.look(), Look::Refused));
        assert!(matches!(settings.look(), Look::Same), "told once");
        assert_eq!(settings.in_force().servers.len(), 1);
        assert!(settings.complaint().unwrap().contains("config.toml:1:10: servers.a.command: "));

        write("[servers.a]\ncommand = \"x\"\n");
        let Look::Fresh { plan, .. } = settings.look() else { panic!("it is fine again") };
        assert!(plan.is_empty() && settings.stand_in().is_none());

        std::fs::remove_file(&main).unwrap();
        assert!(matches!(settings.look(), Look::Refused), "no reason to stop every server");
        assert_eq!(settings.in_force().servers.len(), 1);
        write("");
        let Look::Fresh { plan, .. } = settings.look() else { panic!("an empty file is meant") };
        assert_eq!(plan.removed.len(), 1);
    }
}
