"""The policy service: risk assessments of customers, and the policies they bought."""
