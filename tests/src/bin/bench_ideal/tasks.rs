//! Tasks, the first failure of which ends the process.

use tokio::sync::mpsc;

use crate::Problem;

/// Where tasks are started.
#[derive(Clone)]
pub(crate) struct Tasks {
    failed: mpsc::UnboundedSender<Problem>,
}

impl Tasks {
    /// With what waits for the first failure.
    pub(crate) fn new() -> (Self, impl Future<Output = Problem>) {
        let (failed, mut failures) = mpsc::unbounded_channel();
        let ours = failed.clone();
        let failure = async move {
            let _ours = ours;
            failures.recv().await.expect("this future holds a sender itself")
        };
        (Self { failed }, failure)
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = Result<(), Problem>> + Send + 'static) {
        let failed = self.failed.clone();
        tokio::spawn(async move {
            if let Err(problem) = work.await {
                // With nobody left to read it, the process is ending already.
                let _ = failed.send(problem);
            }
        });
    }
}
