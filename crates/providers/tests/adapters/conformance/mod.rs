//! What every adapter of an SMS gateway has to do, whatever its gateway is: one suite, and one line for each gateway.
//!
//! `cargo test -p closure-providers --test adapters conformance::nhn` runs it over one of them.
//! `docs/add-a-gateway.md` says what to ask of a gateway's documents, and which part of the suite holds each answer.

mod candidate;
mod candidates;
mod suite;
mod suspects;

use closure_contract::SmsProvider;

use candidate::passes;
use candidates::{infobip::Infobip, nhn::Nhn, sinch::Sinch, twilio::Twilio};

/// The whole suite over each of these; another gateway is a line.
macro_rules! conforms {
    ($($name:ident: $candidate:ident;)+) => {
        /// Those that the suite runs over.
        const TRIED: &[SmsProvider] = &[$(SmsProvider::$candidate),+];

        $(mod $name {
            use super::{$candidate, passes, suite::*};

            #[tokio::test]
            async fn a_text_that_is_taken_is_one_request_and_comes_back_with_the_gateways_name_for_it() {
                passes(sending::one_request(&$candidate).await);
            }

            #[tokio::test]
            async fn a_text_that_is_hard_to_encode_arrives_as_it_is() {
                passes(sending::the_very_text(&$candidate).await);
            }

            #[test]
            fn every_documented_code_was_recorded_and_no_other() {
                passes(codes::all_recorded(&$candidate));
            }

            #[tokio::test]
            async fn every_recorded_answer_ends_as_it_is_written_down() {
                passes(codes::answers(&$candidate).await);
            }

            #[test]
            fn every_recorded_receipt_says_what_is_written_down() {
                passes(codes::receipts(&$candidate));
            }

            #[tokio::test]
            async fn a_send_that_is_cut_at_any_byte_is_in_doubt_and_never_repeated() {
                passes(cuts::send(&$candidate).await);
            }

            #[tokio::test]
            async fn a_look_up_that_is_cut_at_any_byte_finds_nothing_out() {
                passes(cuts::look_up(&$candidate).await);
            }

            #[tokio::test]
            async fn a_question_by_the_gateways_own_name_that_is_cut_at_any_byte_finds_nothing_out() {
                passes(cuts::status(&$candidate).await);
            }

            #[tokio::test]
            async fn receipts_that_are_asked_for_and_cut_at_any_byte_bring_no_word() {
                passes(cuts::pull(&$candidate).await);
            }

            #[tokio::test]
            async fn a_doubt_is_looked_into_as_its_capabilities_say() {
                passes(doubts::as_declared(&$candidate).await);
            }

            #[tokio::test]
            async fn a_message_that_is_not_ours_is_never_taken_for_ours() {
                passes(doubts::never_anothers(&$candidate).await);
            }

            #[test]
            fn receipts_are_read_alike_in_any_order_and_name_the_message() {
                passes(receipts::any_order(&$candidate));
            }

            #[test]
            fn a_receipt_that_is_cut_at_any_byte_brings_no_word() {
                passes(receipts::cut(&$candidate));
            }

            #[test]
            fn a_door_opens_to_either_live_secret_and_to_nothing_else() {
                passes(secrets::doors(&$candidate));
            }

            #[tokio::test]
            async fn no_secret_is_shown_by_what_holds_it_or_fails() {
                passes(secrets::shown(&$candidate).await);
            }

            #[tokio::test]
            async fn a_number_or_an_address_that_the_gateway_repeats_is_masked() {
                passes(secrets::masks(&$candidate).await);
            }

            #[tokio::test]
            async fn refusals_of_speed_and_of_credentials_and_faults_are_told_apart() {
                passes(limits::refusals(&$candidate).await);
            }

            #[tokio::test]
            async fn a_host_that_leads_into_our_own_network_is_never_connected_to() {
                passes(limits::addresses(&$candidate).await);
            }

            #[tokio::test]
            async fn a_gateway_that_falls_silent_or_never_ends_is_left_in_doubt() {
                passes(limits::silence(&$candidate).await);
            }

            #[tokio::test]
            async fn a_certificate_that_no_public_authority_signed_gets_no_message() {
                passes(limits::certificates(&$candidate).await);
            }
        })+
    };
}

conforms! {
    nhn: Nhn;
    infobip: Infobip;
    twilio: Twilio;
    sinch: Sinch;
}

#[test]
fn the_suite_runs_over_every_gateway() {
    assert_eq!(TRIED, SmsProvider::ALL, "a line is missing in `conforms!`");
}
