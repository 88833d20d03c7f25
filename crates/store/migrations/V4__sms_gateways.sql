-- Three SMS gateways may carry a text message.

ALTER TABLE delivery
    DROP CONSTRAINT delivery_provider_check,
    ADD CONSTRAINT delivery_provider_check CHECK (provider IN ('nhn', 'infobip', 'twilio', 'smtp', 'asterisk'));
