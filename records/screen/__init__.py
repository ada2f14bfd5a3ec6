"""What a patient's screen is made of: claims read once, grouped, worded, as rows. `records.panels` asks these."""
