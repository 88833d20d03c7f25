#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| closure_fuzz::decisions::message(bytes));
