#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| callmux_fuzz::run(callmux::fuzz::yaml, data));
