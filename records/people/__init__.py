"""Who somebody is: demographics, matching, finding."""
