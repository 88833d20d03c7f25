//! What a gateway brings by itself.

use closure_contract::Receipt;

use super::super::candidate::{Candidate, Verdict, ensure};
use crate::support::client_ref;

fn read<C: Candidate>(candidate: &C, body: &str) -> Result<Receipt, String> {
    let mut opened = candidate.opened(body).map_err(|problem| format!("{problem}: {body}"))?;
    ensure!(opened.receipts.len() == 1 && opened.unreadable == 0, "{opened:?} from {body}");
    Ok(opened.receipts.remove(0))
}

/// The same receipt is the same whenever it comes, different words are different receipts, and each can be led to its
/// message.
pub(crate) fn any_order<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    ensure!(recorded.receipts.len() >= 2, "words of at least two kinds show whether their order matters");
    let forwards: Vec<Receipt> =
        recorded.receipts.iter().map(|body| read(candidate, body)).collect::<Result<_, _>>()?;
    let mut backwards: Vec<Receipt> =
        recorded.receipts.iter().rev().map(|body| read(candidate, body)).collect::<Result<_, _>>()?;
    backwards.reverse();
    ensure!(forwards == backwards, "the order changes what is read: {forwards:?} and {backwards:?}");
    for (index, receipt) in forwards.iter().enumerate() {
        let by_theirs = receipt.provider_ref.as_deref() == Some(&recorded.provider_ref);
        let by_ours = receipt.client_ref == Some(client_ref());
        ensure!(by_theirs || by_ours, "nothing leads from {} to its message", receipt.receipt_id);
        ensure!(receipt.provider == candidate.gateway().provider(), "{} brings it", receipt.provider);
        let twins = forwards.iter().filter(|other| other.receipt_id == receipt.receipt_id).count();
        ensure!(twins == 1, "word {index} has the id of another word: {}", receipt.receipt_id);
    }
    Ok(())
}

/// A body that is cut is no receipt, and no fault of the others.
pub(crate) fn cut<C: Candidate>(candidate: &C) -> Verdict {
    for whole in &candidate.recorded().receipts {
        let full = read(candidate, whole)?;
        for (cut, _) in whole.char_indices() {
            let Ok(opened) = candidate.opened(&whole[..cut]) else { continue };
            for receipt in opened.receipts {
                ensure!(
                    receipt.status == full.status || receipt.evidence == closure_contract::Evidence::None,
                    "a word that nobody said, {:?}, from {}",
                    receipt.status,
                    &whole[..cut]
                );
            }
        }
    }
    Ok(())
}
