"""The Booking and Referral Standard as a receiver sees it: rules, checks, headers, messages and refusals."""
