//! What requests and receipts say of a gateway, and what follows: its circuit opens, stays open, or closes.

use closure_contract::{FailureCode, JobId, Provider};
use closure_policy::gateway::circuit::{AccountSignal, Extent, Sign, probe_after_ms, sign};
use closure_providers::{About, SendFailure};
use closure_store::{GatewayScope, Opened, OpenedBy, StoreError};
use tracing::{debug, error, info, warn};

use super::{
    GatewayHealth, Probe, hits_everyone,
    known::{Failed, Used},
};
use crate::gateways::text_report::TextReport;

impl GatewayHealth {
    /// How a request to a gateway for this job ended.
    pub async fn report(
        &self,
        provider: Provider,
        country_code: Option<u16>,
        job: JobId,
        probe: Option<&Probe>,
        failure: Option<&SendFailure>,
    ) {
        if failure.is_some_and(|failure| hits_everyone(failure.code)) {
            self.known().remember_failure(provider);
        }
        let unwell = failure.and_then(|failure| match sign(failure.code) {
            Sign::Well => None,
            Sign::Unwell(extent) => Some((extent, failure)),
        });
        let written = match (probe, unwell) {
            (Some(probe), unwell) => self.probed(probe, unwell).await,
            (None, Some((extent, failure))) => {
                let scope = scope(provider, country_code, extent);
                self.request_failed(scope, job, failure).await
            }
            (None, None) => {
                self.known().forgive(provider, country_code, OpenedBy::Request);
                Ok(())
            }
        };
        if let Err(problem) = written {
            warn!(%provider, %problem, "what was learnt of a provider could not be told to the other workers");
        }
        self.update_flow();
    }

    /// What the receipts of one text say of our account at its gateway, if anything.
    pub async fn report_receipt(&self, report: TextReport) {
        let provider = report.provider;
        let Some(account) = report.signals.account else { return };
        self.fresh().await;
        let written = match account {
            AccountSignal::Works => self.carried(report).await,
            AccountSignal::Fails(code, extent) => {
                self.turned_back(scope(provider, report.signals.country_code, extent), report.job, code).await
            }
        };
        if let Err(problem) = written {
            warn!(%provider, %problem, "what receipts say of a gateway's account could not be told to its workers");
        }
        self.update_flow();
    }

    /// An ordinary request failed: the last of too many in a row opens the circuit.
    async fn request_failed(
        &self,
        scope: GatewayScope,
        job: JobId,
        failure: &SendFailure,
    ) -> Result<(), StoreError> {
        let wait_ms = probe_after_ms(self.request_rules(scope.provider), 0, failure.retry_after_ms);
        let said = (failure.code, Some(failure.detail.as_str()));
        let failed = Failed { job, about: failure.about };
        if self.failed(scope, failed, OpenedBy::Request, said, wait_ms).await? == Opened::Now {
            let GatewayScope { provider, country_code } = scope;
            // For whoever is woken: the line to alert on.
            error!(
                %provider, country_code, code = %failure.code, wait_ms, remedy = failure.code.remedy(),
                "a provider fails every job alike; it is left alone, and its jobs wait"
            );
        }
        Ok(())
    }

    /// A text was turned back because of our account: the last of too many in a row opens the circuit.
    async fn turned_back(
        &self,
        scope: GatewayScope,
        job: JobId,
        code: FailureCode,
    ) -> Result<(), StoreError> {
        let wait_ms = self.receipt_rules.probe_after_ms_max;
        let failed = Failed { job, about: About::Provider };
        if self.failed(scope, failed, OpenedBy::Receipt, (code, None), wait_ms).await? == Opened::Now {
            let GatewayScope { provider, country_code } = scope;
            // For whoever is woken: the line to alert on.
            error!(
                %provider, country_code, %code, wait_ms, remedy = code.remedy(),
                "a gateway takes every job and turns it back; it is left alone, and its jobs wait"
            );
        }
        Ok(())
    }

    /// Counts a failure, and opens the circuit of its scope where it is one too many.
    async fn failed(
        &self,
        scope: GatewayScope,
        failed: Failed,
        by: OpenedBy,
        said: (FailureCode, Option<&str>),
        wait_ms: u64,
    ) -> Result<Opened, StoreError> {
        let rules = match by {
            OpenedBy::Request => self.request_rules(scope.provider),
            OpenedBy::Receipt => &self.receipt_rules,
        };
        let was_open = self.known().open.contains_key(&scope);
        if !self.known().count(scope, failed, by, rules.failures_to_open) {
            return Ok(Opened::Before);
        }
        if !was_open {
            self.known().leave_alone(scope, by, 0, wait_ms);
            self.update_flow();
        }
        let opened = self.store.open_circuit(scope, said, by, wait_ms).await;
        if opened.is_err() && !was_open {
            // What the others cannot know nobody probes, so that it would never close.
            self.known().close(&scope);
        }
        opened
    }

    /// The gateway carried a text: what receipts opened before that was tried closes.
    async fn carried(&self, report: TextReport) -> Result<(), StoreError> {
        let (provider, country_code) = (report.provider, report.signals.country_code);
        self.known().forgive(provider, country_code, OpenedBy::Receipt);
        let Some(tried_at) = report.tried_at else { return Ok(()) };
        for scope in GatewayScope::of(provider, country_code) {
            if self.known().opened_by(&scope) == Some(OpenedBy::Receipt)
                && self.store.close_by_receipt(scope, tried_at).await?
            {
                self.known().close(&scope);
                info!(%provider, country_code = scope.country_code, "a gateway carries texts again; jobs flow");
            }
        }
        Ok(())
    }

    /// A probe ended: what it was about is well again, or is left alone for longer.
    async fn probed(&self, probe: &Probe, unwell: Option<(Extent, &SendFailure)>) -> Result<(), StoreError> {
        for scope in &probe.scopes {
            match unwell.filter(|(extent, _)| concerns(*extent, *scope)) {
                // It says nothing of the others: another job may be the probe.
                Some((_, failure)) if failure.about != About::Provider => {
                    self.known().use_right(scope, Used::NotYet);
                }
                Some((_, failure)) => self.probe_failed(*scope, failure).await?,
                None if self.known().opened_by(scope) == Some(OpenedBy::Receipt) => {
                    self.probe_taken(*scope).await?;
                }
                None => {
                    self.store.close_circuit(*scope).await?;
                    self.known().close(scope);
                    info!(
                        provider = %scope.provider, country_code = scope.country_code,
                        "a provider is well again; jobs flow"
                    );
                }
            }
        }
        Ok(())
    }

    async fn probe_failed(&self, scope: GatewayScope, failure: &SendFailure) -> Result<(), StoreError> {
        let wait_ms = {
            let mut known = self.known();
            let (by, failed) = known.probes_failed(&scope);
            let failed = failed.saturating_add(1);
            let rules = self.request_rules(scope.provider);
            let wait_ms = probe_after_ms(rules, failed, failure.retry_after_ms);
            known.leave_alone(scope, by, failed, wait_ms);
            wait_ms
        };
        debug!(
            provider = %scope.provider, country_code = scope.country_code, code = %failure.code, wait_ms,
            "a provider is still not well; it is left alone"
        );
        let said = (failure.code, Some(failure.detail.as_str()));
        self.store.probe_failed(scope, self.me, said, wait_ms).await
    }

    /// That a probe was taken proves nothing of a gateway that takes everything.
    async fn probe_taken(&self, scope: GatewayScope) -> Result<(), StoreError> {
        let wait_ms = self.request_rules(scope.provider).probe_after_ms_max;
        self.known().leave_alone(scope, OpenedBy::Receipt, 0, wait_ms);
        info!(
            provider = %scope.provider, country_code = scope.country_code, wait_ms,
            "the probe was taken; its receipt says whether jobs flow"
        );
        self.store.probe_taken(scope, self.me, wait_ms).await
    }
}

fn scope(provider: Provider, country_code: Option<u16>, extent: Extent) -> GatewayScope {
    let country_code = match extent {
        Extent::Gateway => None,
        Extent::Country => country_code,
    };
    GatewayScope { provider, country_code }
}

/// Whether a failure of this extent says something about what a circuit protects.
fn concerns(extent: Extent, scope: GatewayScope) -> bool {
    match extent {
        Extent::Gateway => true,
        Extent::Country => scope.country_code.is_some(),
    }
}
