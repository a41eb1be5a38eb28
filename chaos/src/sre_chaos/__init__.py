"""The disease: real faults, injected from outside; knows neither the doctor nor the patient's code."""
